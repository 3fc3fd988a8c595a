# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""gdb and segments. `far gdb` loads this; by hand: source PREFIX/share/farcall/gdb/farcall.py

libfarcall keeps a list of the services that are mapped in a process, as ld.so does of libraries (runtime/lib/debug.h):
far_debug is {version, first}, an entry is {next, name, base, level}, words of 8 bytes. far_debug_bound() is called when it
has grown. For each service the segment's file is fetched from fard and its symbols are added at its base; where fard does
not show the file, or the process has only trap stubs, the stubs' names are.
"""
import atexit
import json
import os
import re
import shutil
import struct
import subprocess
import tempfile

import __main__
import gdb

LEVELS = ["unset", "none", "read", "trusted"]
TRUSTED = 3
STUB_SIZE = 16


class Service:
    def __init__(self, name, base, level):
        self.name, self.base, self.level = name, base, level
        self.symbols = None  # the file that was added, or None
        self.note = ""
        self.gates = []  # the slots that trap stubs jump to
        self.operations = {}  # name: its stub's address
        self.sources = None  # name: where its code is from, once a step has asked
        self.size = 0

    def lies_in(self, address):
        return self.base <= address < self.base + self.size

    def has_all(self):
        return self.symbols is not None and self.symbols.endswith(".seg")

    def branches(self, name):
        """Does the stub lead to code in this process? By what is mapped: a trap says its slot first."""
        code = bytes(gdb.selected_inferior().read_memory(self.operations[name], STUB_SIZE))
        return code[:6] != b"\xf3\x0f\x1e\xfa\x41\xbb" and code[4:8][3] != 0x52

    def stub_symbol(self, name):
        if not self.has_all():
            return "far_stub." + name
        text = gdb.execute("info symbol %#x" % self.operations[name], to_string=True)
        return text.split()[0]


services = {}  # by base
refused = set()  # bases of entries that were no services
folder = None


def far(*arguments):
    """Runs far; bytes of its output, or None and what it said."""
    program = os.environ.get("FARCALL_FAR")
    if not program:
        prefix = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__)))))
        program = os.path.join(prefix, "bin", "far")
    try:
        done = subprocess.run([program, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, start_new_session=True, check=False)
    except OSError as error:
        return None, str(error)
    said = done.stderr.decode(errors="replace").strip()
    return (done.stdout, said) if done.returncode == 0 else (None, said)


def workplace():
    global folder
    if folder is None:
        folder = tempfile.mkdtemp(prefix="far-gdb.")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def quoted(path):
    """One word of a command of gdb's. The folder's name is the user's own: it may have spaces."""
    return '"%s"' % path.replace("\\", "\\\\").replace('"', '\\"')


def read_word(address):
    memory = gdb.selected_inferior().read_memory(address, 8)
    return struct.unpack("<Q", bytes(memory))[0]


def read_string(address):
    text = b""
    while len(text) < 64 and not text.endswith(b"\0"):
        text += bytes(gdb.selected_inferior().read_memory(address + len(text), 1))
    return text.rstrip(b"\0").decode(errors="replace")


def is_name(text):
    """
    The process may be anybody's, and may say what it likes. A name goes into a path and into commands of gdb's, so what
    is no C identifier is none.
    """
    return re.fullmatch("[A-Za-z_][A-Za-z0-9_]{0,62}", text) is not None


def mapped_services():
    """What far_debug lists now. Empty where there is no libfarcall, or no process."""
    try:
        list_head = int(gdb.parse_and_eval("(unsigned long)&far_debug"))
        if read_word(list_head) != 1:
            return []
        entry = read_word(list_head + 8)
        found = []
        while entry and len(found) < 1024:
            name, base, level = read_string(read_word(entry + 8)), read_word(entry + 16), read_word(entry + 24)
            if is_name(name):
                found.append(Service(name, base, level))
            elif base not in refused:
                refused.add(base)
                gdb.write("far: ignored a service whose name is none, at %#x\n" % base)
            entry = read_word(entry)
        return found
    except (gdb.error, gdb.MemoryError):
        return []


def section_header(name, kind, flags, address, offset, size, link=0, info=0, align=1, entry=0):
    return struct.pack("<IIQQQQIIQQ", name, kind, flags, address, offset, size, link, info, align, entry)


def write_stub_names(path, service):
    """An ELF file that is nothing but a symbol table: each stub by its name."""
    stubs = dict(service.operations)
    stubs.update(("gate%d" % i, address) for i, address in enumerate(service.gates))
    low = min(stubs.values())
    size = max(stubs.values()) + STUB_SIZE - low
    strings, symbols = b"\0", bytes(24)
    for name, address in stubs.items():
        symbols += struct.pack("<IBBHQQ", len(strings), 2, 0, 1, address - low, STUB_SIZE)  # local, function
        strings += b"far_stub." + name.encode() + b"\0"
    names = b"\0.stubs\0.symtab\0.strtab\0.shstrtab\0"
    at = 64
    places = []
    for content in (symbols, strings, names):
        places.append((at, len(content)))
        at += (len(content) + 7) // 8 * 8
    headers = bytes(64)
    headers += section_header(1, 8, 6, 0, 64, size, align=16)  # NOBITS, allocated, executable
    headers += section_header(8, 2, 0, 0, *places[0], link=3, info=len(symbols) // 24, align=8, entry=24)
    headers += section_header(16, 3, 0, 0, *places[1])
    headers += section_header(24, 3, 0, 0, *places[2])
    machine = 0xB7 if "aarch64" in gdb.selected_inferior().architecture().name() else 0x3E
    header = b"\x7fELF\2\1\1" + bytes(9)
    header += struct.pack("<HHIQQQIHHHHHH", 1, machine, 1, 0, 0, at, 0, 64, 0, 0, 64, 5, 4)
    with open(path, "wb") as file:
        file.write(header)
        for content in (symbols, strings, names):
            file.write(content + bytes(-len(content) % 8))
        file.write(headers)
    return low


def full_name(service):
    """NAME@MAJOR of what fard has at this base: another major may have the name as well."""
    listed = far("ls", "--json")[0]
    for entry in json.loads(listed)["services"] if listed else []:
        if entry["name"] == service.name and int(str(entry["base"]), 0) == service.base:
            return "%s@%s" % (service.name, entry["version"].split(".")[0])
    return service.name


def learn_operations(service, name):
    text, said = far("describe", name, "--json")
    if text is None:
        service.note = said
        return
    description = json.loads(text)
    service.size = int(description["size"])
    service.gates = [int(part["address"], 0) for part in description["parts"] if part["name"].endswith("stubs")]
    for operation in description["operations"]:
        service.operations[operation["name"]] = int(str(operation["stub"]), 0)


def add_symbols(service):
    name = full_name(service)
    learn_operations(service, name)
    path = os.path.join(workplace(), "%s-%x.seg" % (service.name, service.base))
    if service.level == TRUSTED:
        said = far("fetch", name, "-o", path)[1]
        if os.path.exists(path):
            gdb.execute("add-symbol-file %s -o %#x" % (quoted(path), service.base), to_string=True)
            service.symbols = path
            return
        service.note = said
    if service.operations:
        low = write_stub_names(path + ".stubs", service)
        gdb.execute("add-symbol-file %s -s .stubs %#x" % (quoted(path + ".stubs"), low), to_string=True)
        service.symbols = path + ".stubs"


def quietly(action):
    confirm = gdb.parameter("confirm")
    gdb.execute("set confirm off")
    try:
        action()
    finally:
        gdb.execute("set confirm " + ("on" if confirm else "off"))


def refresh():
    news = False
    for service in mapped_services():
        known = services.get(service.base)
        if known and known.name == service.name:
            continue
        services[service.base] = service
        quietly(lambda: add_symbols(service))
        if service.note:
            gdb.write("far: %s: %s\n" % (service.name, service.note))
        news = True
    if news:
        place(set_at_operations)
    else:
        place_waiting()


def source_of(service, name):
    """The source file of an operation's own code; None where it does not run here, or was compiled without -g."""
    if not service.has_all() or not service.branches(name):
        return None
    objfile = next((o for o in gdb.objfiles() if o.filename == service.symbols), None)
    symbol = objfile.lookup_global_symbol(name) if objfile else None
    return symbol.symtab.filename if symbol is not None and symbol.symtab is not None else None


NOT_YET = "(segment)"  # the source file of operations whose service is not mapped yet: none has this name


def name_of(breakpoint):
    """The function that a breakpoint is set at by name, or None."""
    text = breakpoint.location or ""
    for prefix in ("-qualified ", "-source %s " % NOT_YET, "-function "):
        if text.startswith(prefix):
            text = text[len(prefix):]
    return text if text.isidentifier() else None


def without_words(make):
    """What make() returns, and nothing of what gdb says about it."""
    kept = []
    __main__.farcall_make = lambda: kept.append(make())
    gdb.execute("python farcall_make()", to_string=True)
    return kept[0]


def set_again(old, **where):
    """A breakpoint like it, somewhere else."""
    make = lambda: gdb.Breakpoint(temporary=old.temporary, **where)
    new = without_words(make) if where.get("source") == NOT_YET else make()
    new.enabled, new.silent, new.ignore_count = old.enabled, old.silent, old.ignore_count
    try:
        new.condition = old.condition
    except gdb.error as error:
        gdb.write("far: breakpoint %d: %s\n" % (new.number, error))
    if old.commands:
        new.commands = old.commands
    old.delete()


def set_at_operations():
    """
    An operation's name means two places to gdb: the IFUNC of the import library, which is the stub, and the code. A
    breakpoint there is set anew at the one where this process's calls go.
    """
    for breakpoint in gdb.breakpoints() or []:
        name = name_of(breakpoint)
        service = next((s for s in services.values() if name in s.operations), None)
        if service is None or name not in imported:
            continue
        source = source_of(service, name)
        if source:
            set_again(breakpoint, source=source, function=name)
        else:
            set_again(breakpoint, function=service.stub_symbol(name))


imported = set()  # names of the operations that import libraries in this process offer
placing = False  # what we set ourselves makes no work


def place(action):
    global placing
    if placing:
        return
    placing = True
    try:
        action()
    except gdb.error as error:
        gdb.write("far: %s\n" % error)
    finally:
        placing = False


def ifuncs_of(path):
    """Names of the indirect functions that an import library offers; none if it is no import library."""
    with open(path, "rb") as file:
        content = file.read()
    at, = struct.unpack_from("<Q", content, 0x28)
    entry, count, names_index = struct.unpack_from("<HHH", content, 0x3A)
    sections = [struct.unpack_from("<IIQQQQIIQQ", content, at + i * entry) for i in range(count)]
    names = sections[names_index][4]
    text = lambda start, offset: content[start + offset:content.index(b"\0", start + offset)].decode()
    if not any(text(names, section[0]) == ".far.import" for section in sections):
        return []
    found = []
    for section in sections:
        if section[1] == 11:  # SHT_DYNSYM
            strings = sections[section[6]][4]
            for i in range(section[4], section[4] + section[5], 24):
                name, info = struct.unpack_from("<IB", content, i)
                if info & 15 == 10:  # STT_GNU_IFUNC
                    found.append(text(strings, name))
    return found


def put_off(objfile):
    """
    gdb 13 ends with an assertion where a breakpoint at an IFUNC gets a second place. So as soon as an import library
    appears, and before gdb looks for places in it, breakpoints at its functions are made to wait for the segment.
    """
    try:
        names = ifuncs_of(objfile.filename)
    except (OSError, ValueError, IndexError, struct.error):
        return
    imported.update(names)
    for breakpoint in (gdb.breakpoints() or []) if names else []:
        name = name_of(breakpoint)
        if name in names and NOT_YET not in breakpoint.location:
            set_again(breakpoint, source=NOT_YET, function=name)


def forget():
    """The process is gone: breakpoints in segments wait for the next one."""
    for service in services.values():
        if service.symbols:
            try:
                quietly(lambda: gdb.execute("remove-symbol-file " + quoted(service.symbols), to_string=True))
            except gdb.error:
                pass
    services.clear()


class Bound(gdb.Breakpoint):
    """Stops nowhere: looks at the list each time it has grown."""

    def stop(self):
        refresh()
        return False


def watch():
    pending = gdb.parameter("breakpoint pending")
    gdb.execute("set breakpoint pending on")
    without_words(lambda: Bound("far_debug_bound", internal=True))
    gdb.execute("set breakpoint pending " + ("auto" if pending is None else "on" if pending else "off"))


steps = []  # breakpoints for the time of one step


waiting = False  # there is a breakpoint that has not been looked at


def note_breakpoint():
    """It is not complete yet. To look at it later by gdb.post_event would crash gdb if it ends before that."""
    global waiting
    waiting = waiting or not placing


def place_waiting():
    global waiting
    if waiting:
        waiting = False
        place(set_at_operations)


def before_step():
    """gdb steps over code without lines, stubs among it: so wait where the stubs lead to."""
    place_waiting()
    after_step()
    try:
        here = gdb.selected_frame().pc()
    except gdb.error:
        return  # there is nothing to step
    for service in services.values():
        if service.lies_in(here):
            continue  # what it calls of itself, it calls without stubs
        if service.sources is None:
            service.sources = {name: source_of(service, name) for name in service.operations}
        for name, source in service.sources.items():
            if source:
                steps.append(gdb.Breakpoint(source=source, function=name, internal=True, temporary=True))


def after_step():
    for breakpoint in steps:
        if breakpoint.is_valid():
            breakpoint.delete()
    steps.clear()


class ListServices(gdb.Command):
    """far-services: the services that this process is bound to, what they grant it, and where their symbols are from."""

    def __init__(self):
        super().__init__("far-services", gdb.COMMAND_STATUS)

    def invoke(self, argument, from_tty):
        refresh()
        if not services:
            gdb.write("No service is bound.\n")
        for service in services.values():
            symbols = "all" if service.has_all() else "stubs" if service.symbols else "none"
            level = LEVELS[service.level] if service.level < len(LEVELS) else "?"
            gdb.write("%#x  %-20s %-8s symbols: %s%s\n" % (service.base, service.name, level, symbols,
                                                           "  (%s)" % service.note if service.note else ""))


ListServices()
watch()
gdb.execute("define hook-step\npython farcall_before_step()\nend")
gdb.execute("define hookpost-step\npython farcall_after_step()\nend")
gdb.execute("skip -function far_resolve", to_string=True)
gdb.execute("set environment LD_BIND_NOW 1")  # `step` would find itself in ld.so at the first call of each function
gdb.events.exited.connect(lambda event: forget())
gdb.events.stop.connect(lambda event: refresh())
for command in ("continue", "next", "stepi", "nexti", "finish", "until", "advance", "jump", "signal"):
    gdb.execute("define hook-%s\npython farcall_place_waiting()\nend" % command)
gdb.events.breakpoint_created.connect(lambda breakpoint: note_breakpoint())
gdb.events.before_prompt.connect(place_waiting)
gdb.events.new_objfile.connect(lambda event: place(lambda: put_off(event.new_objfile)))
__main__.farcall_before_step, __main__.farcall_after_step = before_step, after_step
__main__.farcall_place_waiting = place_waiting
if gdb.selected_inferior().pid:
    refresh()
