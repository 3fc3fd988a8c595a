// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The one C++ file: what LLVM offers to C++ only. It registers the pass and its option and hands diagnostics on; all
// logic is in pass.c.
#include <llvm-c/Core.h>
#include <llvm/IR/DebugInfoMetadata.h>
#include <llvm/IR/DiagnosticInfo.h>
#include <llvm/IR/Function.h>
#include <llvm/IR/Module.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Passes/PassPlugin.h>
#include <llvm/Support/CommandLine.h>

#include "clang-pass/pass.h"

static llvm::cl::opt<std::string> InterfaceFile("farcall-iface", llvm::cl::value_desc("file"), llvm::cl::init(""),
                                                llvm::cl::desc("farcall: the interface record of this unit's service"));

// Clang shows a message about an unsupported function at the declaration of that name, with line and caret, debug
// information or not. For variables it needs debug information: a declaration made up of the variable's own.
void pass_report(LLVMContextRef context, const char *symbol, LLVMMetadataRef variable, const char *message)
{
    llvm::LLVMContext &C = *llvm::unwrap(context);
    llvm::Function *Named = llvm::Function::Create(llvm::FunctionType::get(llvm::Type::getVoidTy(C), false),
                                                   llvm::GlobalValue::ExternalLinkage, symbol);
    llvm::DiagnosticLocation Where;
    if (variable) {
        auto *V = llvm::unwrap<llvm::DIVariable>(variable);
        Where = llvm::DiagnosticLocation(llvm::DISubprogram::get(
            C, V->getFile(), V->getName(), "", V->getFile(), V->getLine(), nullptr, V->getLine(), nullptr, 0, 0,
            llvm::DINode::FlagZero, llvm::DISubprogram::SPFlagZero, nullptr));
    }
    C.diagnose(llvm::DiagnosticInfoUnsupported(*Named, message, Where));
    delete Named;
}

namespace
{
struct FarcallPass : llvm::PassInfoMixin<FarcallPass> {
    llvm::PreservedAnalyses run(llvm::Module &M, llvm::ModuleAnalysisManager &)
    {
        return pass_run(llvm::wrap(&M), InterfaceFile.c_str()) ? llvm::PreservedAnalyses::none()
                                                               : llvm::PreservedAnalyses::all();
    }
    static bool isRequired() { return true; }
};
} // namespace

extern "C" __attribute__((visibility("default"))) llvm::PassPluginLibraryInfo llvmGetPassPluginInfo()
{
    return {LLVM_PLUGIN_API_VERSION, "farcall", "0.1.0", [](llvm::PassBuilder &PB) {
                PB.registerPipelineStartEPCallback(
                    [](llvm::ModulePassManager &MPM, llvm::OptimizationLevel) { MPM.addPass(FarcallPass()); });
            }};
}
