/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The subcommands of `far`: one table, one function each. Every function is a small main(): argv[0] is the subcommand. */
#ifndef FARCALL_FAR_H
#define FARCALL_FAR_H

/* name, one line for `far --help` */
#define FAR_COMMANDS(X)                                                                         \
    X(dump, "show a segment file: layout, stubs disassembled, operations, relocation commands") \
    X(diff, "compare the interfaces of two segment files, naming what changed")                 \
    X(implib, "write the import library that clients link against")                             \
    X(register, "register a segment file as a service with the node's name server")             \
    X(unregister, "take a service away from the name server")                                   \
    X(ls, "list the registered services")                                                       \
    X(describe, "show one service: range, host, operations, who is trusted")                    \
    X(explain, "show what a service grants somebody, by which rule, and what follows")          \
    X(policy, "check a policy file, or show the one that fard has")                             \
    X(cap, "capabilities that can be handed on: grant, narrow, revoke, list")                   \
    X(map, "show the address window: every range and what lies in it")                          \
    X(fetch, "write the segment file of a registered service")                                  \
    X(top, "show what every service is doing: calls a second, processor, memory")               \
    X(trace, "show the calls that hosts answer, live")                                          \
    X(metrics, "print what fard counts, for Prometheus")                                        \
    X(call, "call an operation from the shell, arguments as C literals or JSON")                \
    X(run, "run a program with chosen trust and gate settings")                                 \
    X(nodes, "list the nodes that this one knows, and the links to them")                       \
    X(queue, "list or drop calls that wait for their service")                                  \
    X(cert, "make and show the certificates by which nodes know each other")                    \
    X(gdb, "debug a program with the services it calls, or a service's host")                   \
    X(fuzz, "attack a service's interface in both directions, from its record alone")

#define X(name, help) int far_##name##_main(int argc, char **argv);
FAR_COMMANDS(X)
#undef X

#endif
