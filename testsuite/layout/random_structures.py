# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""
Structures at random, with everything that moves a member: the compiler's layout of each against faridl's.

usage: random_structures.py CLANG FARIDL HEADER-TO-WRITE [FLAGS…]
FARCALL_LAYOUT_SEED and FARCALL_LAYOUT_COUNT choose other structures, and more of them.
"""
import os
import random
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "corpus"))
sys.dont_write_bytecode = True
import compare  # noqa: E402

PRELUDE = """
typedef int loose_int __attribute__((aligned(1)));
typedef long loose_long __attribute__((aligned(2)));
typedef short strict_short __attribute__((aligned(8)));
typedef char strict_char __attribute__((aligned(32)));
typedef double pair __attribute__((vector_size(16)));
typedef int quad __attribute__((vector_size(32)));
typedef short wide __attribute__((vector_size(64)));
enum plain { PLAIN };
enum __attribute__((packed)) small { SMALL, LARGE = 300 };
enum negative { NEGATIVE = -1, MOST = 0x7fffffff };
enum huge { HUGE_VALUE = 1ull << 40 };
enum __attribute__((aligned(16))) strict { STRICT };
enum narrow : unsigned char { NARROW };
enum tail { TAIL = -3 } __attribute__((packed));
typedef float triple __attribute__((ext_vector_type(3)));
typedef _Bool flags __attribute__((ext_vector_type(12)));
typedef int loose_row[3] __attribute__((aligned(2)));
struct three { char c[3]; };
struct nine { char c[9]; };
struct nothing { };
typedef struct three strict_three __attribute__((aligned(16)));
typedef _Atomic(struct three) *held;
"""
WIDTHS = {  # of bit-fields
    "char": 8, "signed char": 8, "unsigned short": 16, "int": 32, "unsigned": 32, "long": 64, "unsigned long long": 64,
    "_Bool": 1, "__int128": 128, "_BitInt(17)": 17, "unsigned _BitInt(77)": 77, "loose_int": 32, "loose_long": 64,
    "strict_short": 16, "strict_char": 8, "enum plain": 32, "enum small": 16, "enum huge": 64, "enum strict": 32,
    "enum narrow": 8, "enum tail": 8}
WHOLE = [*WIDTHS, "float", "double", "long double", "void *", "_Float16", "__builtin_va_list", "float _Complex",
         "double _Complex", "long double _Complex", "pair", "quad", "wide", "_BitInt(7)", "_BitInt(37)",
         "unsigned _BitInt(90)", "_BitInt(128)", "struct three", "struct nothing", "_Atomic(struct three)",
         "_Atomic(struct nine)", "_Atomic(struct nothing)", "_Atomic(short)", "_Atomic(__int128)", "_Atomic(loose_int)",
         "_Atomic(enum small)", "_Atomic(float _Complex)", "enum negative",
         "int _Complex", "triple", "flags", "loose_row", "strict_three", "held", "_Bool", "__fp16 *", "__bf16"]
# Their size is no multiple of their alignment, so C has no arrays of them.
ALIGNED_TYPEDEFS = {"loose_int", "loose_long", "strict_short", "strict_char", "strict_three", "loose_row",
                    "enum strict"}


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.made = []  # tags that later structures may contain
        self.serial = 0

    def chance(self, percent):
        return self.random.random() * 100 < percent

    def name(self):
        self.serial += 1
        return f"m{self.serial}"

    def attributes(self):
        words = []
        if self.chance(12):
            words.append("packed")
        if self.chance(12):
            words.append(f"aligned({2 ** self.random.randrange(7)})" if self.chance(90) else "aligned")
        return f" __attribute__(({', '.join(words)}))" if words else ""

    def bit_field(self):
        base = self.random.choice(list(WIDTHS))
        if self.chance(12):
            return f"{base} : 0;"
        name = "" if self.chance(12) else self.name()
        attributes = self.attributes() if name else ""
        return f"{base} {name} : {self.random.randint(1, WIDTHS[base])}{attributes};"

    def whole(self):
        base = self.random.choice(self.made) if self.made and self.chance(20) else self.random.choice(WHOLE)
        can_be_array = base not in ALIGNED_TYPEDEFS
        length = f"[{self.random.randrange(4)}]" if can_be_array and self.chance(20) else ""
        alignment = f"_Alignas({2 ** self.random.randrange(7, 9)}) " if base in WHOLE and self.chance(5) else ""
        return f"{alignment}{base} {self.name()}{length}{self.attributes()};"

    def member(self, depth):
        if depth < 2 and self.chance(8):
            name = self.name() if self.chance(50) else ""
            kind = self.random.choice(["struct", "union"])
            return f"{kind} {{ {self.members(depth + 1)} }}{self.attributes()} {name};"
        return self.bit_field() if self.chance(50) else self.whole()

    def members(self, depth):
        return " ".join(self.member(depth) for _ in range(self.random.randrange(0 if depth else 1, 7)))

    def structure(self, number):
        kind = "union" if self.chance(20) else "struct"
        flexible = ""
        if kind == "struct" and self.chance(8):
            flexible = f" int last; {self.random.choice(['char', 'long', 'pair'])} {self.name()}[];"
        before, after = self.attributes(), self.attributes()
        if self.chance(8):
            before += " __attribute__((ms_struct))"
        text = f"{kind}{before} s{number} {{ {self.members(0)}{flexible} }}{after};"
        if not flexible:
            self.made.append(f"{kind} s{number}")
        if self.chance(4):
            return f"#pragma ms_struct on\n{text}\n#pragma ms_struct reset\n"
        if self.chance(15):
            return f"#pragma pack(push, {2 ** self.random.randrange(5)})\n{text}\n#pragma pack(pop)\n"
        return text + "\n"


def run(command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{command[0]} ended with {done.returncode}\n{done.stderr[:4000]}")
    return done.stdout


def main():
    clang, faridl, header, *flags = sys.argv[1:]
    count = int(os.environ.get("FARCALL_LAYOUT_COUNT") or 1500)
    generator = Generator(int(os.environ.get("FARCALL_LAYOUT_SEED") or 1))
    with open(header, "w") as out:
        out.write(PRELUDE)
        out.writelines(generator.structure(number) for number in range(count))
    theirs = run([clang, "-w", *flags, *compare.LAYOUTS, "-xc", header])
    ours = run([faridl, f"--cc={clang}", "--all-types", "--dump=json", *flags, header])
    compared, differing, missing, unasked = compare.compare(theirs, ours)
    for name, what in differing[:20]:
        print(f"{name}: {what}")
    for name in [*missing[:20], *unasked[:20]]:
        print(f"{name}: only one of the two has it")
    print(f"{len(compared)} structures compared, {len(differing) + len(missing) + len(unasked)} differ")
    sys.exit(1 if differing or missing or unasked or len(compared) < count else 0)


if __name__ == "__main__":
    main()
