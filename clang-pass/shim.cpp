// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The one C++ file: what LLVM offers to C++ only. It registers the pass and its options, hands diagnostics on and sets
// what has no setter in C; all logic is in pass.c.
#include <llvm-c/Core.h>
#include <llvm/IR/DebugInfoMetadata.h>
#include <llvm/IR/DiagnosticInfo.h>
#include <llvm/IR/Function.h>
#include <llvm/IR/InstrTypes.h>
#include <llvm/IR/Module.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Passes/PassPlugin.h>
#include <llvm/Support/CommandLine.h>
#include <llvm/Support/Signals.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/Transforms/Utils/Cloning.h>
#include <unistd.h>

#include "clang-pass/pass.h"

using llvm::cl::desc;
using llvm::cl::init;
using llvm::cl::opt;
using llvm::cl::value_desc;

static opt<std::string> InterfaceFile("farcall-iface", value_desc("file"), init(""),
                                      desc("farcall: the interface record of this unit's service"));
static opt<int> Verdict("farcall-verdict", value_desc("descriptor"), init(-1),
                        desc("farcall: where farcc says whether this unit is part of a service"));
static opt<std::string> Errors("farcall-error", value_desc("checks"), init(""),
                               desc("farcall: double-fetch, system-call, assembly: errors instead of warnings"));
static opt<std::string> Ignored("farcall-ignore", value_desc("checks"), init(""),
                                desc("farcall: checks that are left out"));
static opt<std::string>
    Places("farcall-places", value_desc("later|drop"), init(""),
           desc("farcall: later: farcc starts the compiler again where there is something to report; "
                "drop: source places are for messages only, not for the object"));

// Clang shows a message about an unsupported function at the declaration of that name, with line and caret, debug
// information or not. For variables it needs debug information: a declaration made up of the variable's own.
void pass_report(LLVMContextRef context, const struct report *report)
{
    llvm::LLVMContext &C = *llvm::unwrap(context);
    llvm::Function *Named = llvm::Function::Create(llvm::FunctionType::get(llvm::Type::getVoidTy(C), false),
                                                   llvm::GlobalValue::ExternalLinkage, report->symbol);
    llvm::DiagnosticLocation Where;
    if (report->place)
        Where = llvm::DiagnosticLocation(llvm::DebugLoc(llvm::unwrap<llvm::DILocation>(report->place)));
    else if (report->variable) {
        auto *V = llvm::unwrap<llvm::DIVariable>(report->variable);
        Where = llvm::DiagnosticLocation(llvm::DISubprogram::get(
            C, V->getFile(), V->getName(), "", V->getFile(), V->getLine(), nullptr, V->getLine(), nullptr, 0, 0,
            llvm::DINode::FlagZero, llvm::DISubprogram::SPFlagZero, nullptr));
    }
    C.diagnose(llvm::DiagnosticInfoUnsupported(*Named, report->message, Where,
                                               report->is_warning ? llvm::DS_Warning : llvm::DS_Error));
    delete Named;
}

// Where a function begins, and what its source calls it; a symbol may have another name.
LLVMMetadataRef pass_place_of(LLVMValueRef function, const char **name, size_t *length)
{
    llvm::DISubprogram *Subprogram = llvm::unwrap<llvm::Function>(function)->getSubprogram();

    if (!Subprogram || !Subprogram->getLine())
        return nullptr;
    *name = Subprogram->getName().data();
    *length = Subprogram->getName().size();
    return llvm::wrap(llvm::DILocation::get(Subprogram->getContext(), Subprogram->getLine(), 0, Subprogram));
}

LLVMMetadataRef pass_with_column(LLVMMetadataRef place, unsigned column)
{
    auto *L = llvm::unwrap<llvm::DILocation>(place);

    return llvm::wrap(llvm::DILocation::get(L->getContext(), L->getLine(), column, L->getScope()));
}

// farcc has said, or will say, what is wrong: nothing more from here, and no file left behind.
void pass_give_up(void)
{
    llvm::sys::RunInterruptHandlers();
    _exit(1);
}

// What -fPIC makes otherwise than -fPIE: no symbol that others see is known to stay this module's.
void pass_make_shareable(LLVMModuleRef module)
{
    llvm::Module &M = *llvm::unwrap(module);

    if (M.getModuleFlag("PIE Level"))
        M.setModuleFlag(llvm::Module::Max, "PIE Level", uint32_t{0});
    for (llvm::GlobalValue &Value : M.global_values())
        if (Value.hasDefaultVisibility() && !Value.hasLocalLinkage())
            Value.setDSOLocal(false);
}

LLVMModuleRef pass_clone(LLVMModuleRef module, bool (*keeps)(LLVMValueRef, void *), void *context)
{
    llvm::ValueToValueMapTy Map;

    return llvm::wrap(llvm::CloneModule(*llvm::unwrap(module), Map, [keeps, context](const llvm::GlobalValue *Value) {
                          return keeps(llvm::wrap(Value), context);
                      }).release());
}

bool pass_inline(LLVMValueRef call)
{
    llvm::InlineFunctionInfo Info;

    return llvm::InlineFunction(*llvm::cast<llvm::CallBase>(llvm::unwrap(call)), Info).isSuccess();
}

// PassBuilder keeps its target machine to itself; naming a private member as a template's argument is the way in that
// C++ allows.
template <llvm::TargetMachine *llvm::PassBuilder::*Member> struct TargetMachineOf {
    friend llvm::TargetMachine *machineOf(llvm::PassBuilder &PB) { return PB.*Member; }
};
template struct TargetMachineOf<&llvm::PassBuilder::TM>;
llvm::TargetMachine *machineOf(llvm::PassBuilder &PB);

// By an option, or by farcc in the environment: of the jobs that clang makes of one source, some take no options of a
// pass (-save-temps).
static std::string setting(const opt<std::string> &Option, const char *Name)
{
    const char *Value = getenv(Name);

    return Option.empty() && Value ? std::string(Value) : std::string(Option);
}

namespace
{
struct FarcallPass : llvm::PassInfoMixin<FarcallPass> {
    llvm::TargetMachine *Machine;

    explicit FarcallPass(llvm::TargetMachine *M) : Machine(M) {}
    llvm::PreservedAnalyses run(llvm::Module &M, llvm::ModuleAnalysisManager &)
    {
        const char *Descriptor = getenv("FARCALL_PASS_VERDICT");
        const std::string Error = setting(Errors, "FARCALL_PASS_ERROR"),
                          Ignore = setting(Ignored, "FARCALL_PASS_IGNORE"),
                          Place = setting(Places, "FARCALL_PASS_PLACES");
        const struct pass_options Options = {
            InterfaceFile.c_str(), Verdict < 0 && Descriptor ? atoi(Descriptor) : int(Verdict),
            Error.c_str(),         Ignore.c_str(),
            Place == "drop",       Place == "later"};
        const bool IsService = pass_run(llvm::wrap(&M), &Options);

        if (IsService && Machine)
            Machine->Options.FunctionSections = Machine->Options.DataSections = true;
        return IsService || Options.drop_places ? llvm::PreservedAnalyses::none() : llvm::PreservedAnalyses::all();
    }
    static bool isRequired() { return true; }
};

// At link time, in ld.lld started by farld: once for the whole program, or for each module that is compiled by itself.
struct FarcallLinkPass : llvm::PassInfoMixin<FarcallLinkPass> {
    llvm::PreservedAnalyses run(llvm::Module &M, llvm::ModuleAnalysisManager &)
    {
        const char *Record = getenv("FARCALL_LINK_RECORD");

        return Record && pass_link(llvm::wrap(&M), Record) ? llvm::PreservedAnalyses::none()
                                                           : llvm::PreservedAnalyses::all();
    }
    static bool isRequired() { return true; }
};
} // namespace

extern "C" __attribute__((visibility("default"))) llvm::PassPluginLibraryInfo llvmGetPassPluginInfo()
{
    return {LLVM_PLUGIN_API_VERSION, "farcall", "0.1.0", [](llvm::PassBuilder &PB) {
                PB.registerPipelineStartEPCallback([&PB](llvm::ModulePassManager &MPM, llvm::OptimizationLevel) {
                    MPM.addPass(FarcallPass(machineOf(PB)));
                });
                if (!getenv("FARCALL_LINK_RECORD"))
                    return;
                PB.registerFullLinkTimeOptimizationEarlyEPCallback(
                    [](llvm::ModulePassManager &MPM, llvm::OptimizationLevel) { MPM.addPass(FarcallLinkPass()); });
                PB.registerPipelineEarlySimplificationEPCallback(
                    [](llvm::ModulePassManager &MPM, llvm::OptimizationLevel) { MPM.addPass(FarcallLinkPass()); });
            }};
}
