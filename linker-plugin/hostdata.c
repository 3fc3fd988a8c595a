/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Data of the C library. A segment has a copy, taken when its process binds, in memory that is then read-only: right for
 * what a process sets up at its start and leaves (stderr, environ, the name of the program), wrong without a word for what
 * the library changes later, or reads after the program has set it. The latter are refused by name.
 */
#include <string.h>
#include <sysexits.h>

#include "linker-plugin/farld.h"

static const struct changing {
    const char *name, *advice;
} changing[] = {
#define OPTIONS "look at options in the program, or link a getopt() of your own"
#define ZONE    "use tm_gmtoff and tm_zone of localtime_r()"
#define SIGN    "call lgamma_r()"
#define REPORTS "say what is wrong by functions of your own"
#define OWN     "link a function of your own"
    {"optarg", OPTIONS},
    {"opterr", OPTIONS},
    {"optind", OPTIONS},
    {"optopt", OPTIONS},
    {"argp_err_exit_status", OPTIONS},
    {"argp_program_bug_address", OPTIONS},
    {"argp_program_version", OPTIONS},
    {"argp_program_version_hook", OPTIONS},
    {"daylight", ZONE},
    {"__daylight", ZONE},
    {"timezone", ZONE},
    {"__timezone", ZONE},
    {"tzname", ZONE},
    {"__tzname", ZONE},
    {"signgam", SIGN},
    {"__signgam", SIGN},
    {"getdate_err", "call getdate_r()"},
    {"error_message_count", REPORTS},
    {"error_one_per_line", REPORTS},
    {"error_print_progname", REPORTS},
    {"obstack_alloc_failed_handler", OWN},
    {"obstack_exit_failure", OWN},
    {"re_syntax_options", "call regcomp(), which is told the syntax"},
    {"re_max_failures", OWN},
    {"rexecoptions", OWN},
    {"_nl_msg_cat_cntr", "call gettext() each time"},
    {"_nl_domain_bindings", OWN},
    {"_res_hconf", OWN},
    {"__check_rhosts_file", OWN},
    {"__rcmd_errstr", OWN},
    {"__curbrk", "call sbrk(0)"},
    {"_IO_list_all", OWN},
};

static const char *advice_on(const char *name)
{
    for (size_t i = 0; i < sizeof changing / sizeof *changing; i++) {
        if (!strcmp(changing[i].name, name))
            return changing[i].advice;
    }
    return NULL;
}

bool hostdata_is_own(const char *name)
{
    return !strcmp(name, "__libc_single_threaded");
}

int hostdata_refuse(struct link *link)
{
    for (size_t i = 0; i < link->copy_count; i++) {
        const char *name = link->copies[i].symbol->name, *advice = advice_on(name);

        if (advice && image_symbol_of(&link->image, FAR_SECTION_LINKAGE, name))
            error_add(
                &link->errors, EX_DATAERR,
                "'%s' is data of the C library that changes while a process runs; a segment has a copy of it from "
                "the process's start, and cannot write it: %s%s",
                name, advice, symbol_uses(link, name));
    }
    return link->errors.status;
}
