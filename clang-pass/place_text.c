/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Places in the source, for messages. */
#include <llvm-c/DebugInfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clang-pass/pass.h"

const char *place_text(LLVMValueRef instruction, char *text, size_t size)
{
    LLVMMetadataRef place = LLVMInstructionGetDebugLoc(instruction);
    LLVMMetadataRef scope = place ? LLVMDILocationGetScope(place) : NULL;
    LLVMMetadataRef file = scope ? LLVMDIScopeGetFile(scope) : NULL;
    LLVMValueRef function = LLVMGetBasicBlockParent(LLVMGetInstructionParent(instruction));
    size_t name_length;
    unsigned length = 0;
    const char *name = file ? LLVMDIFileGetFilename(file, &length) : NULL;

    if (name && LLVMDILocationGetLine(place))
        snprintf(text, size, "%.*s:%u:%u", (int)length, name, LLVMDILocationGetLine(place),
                 LLVMDILocationGetColumn(place));
    else
        snprintf(text, size, "function %s", LLVMGetValueName2(function, &name_length));
    return text;
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Where a word stands in a line, counted from 1; 1 if it does not. */
static unsigned column_in(const char *line, const char *word, size_t length)
{
    for (const char *at = line; (at = memmem(at, strlen(at), word, length)); at++) {
        if ((at == line || !is_word(at[-1])) && !is_word(at[length]))
            return (unsigned)(at - line) + 1;
    }
    return 1;
}

static FILE *open_source(LLVMMetadataRef file)
{
    unsigned directory_length = 0, length = 0;
    const char *directory = LLVMDIFileGetDirectory(file, &directory_length);
    const char *name = LLVMDIFileGetFilename(file, &length);
    char path[4096];

    if (!length || name[0] == '/')
        directory_length = 0;
    snprintf(path, sizeof path, "%.*s%s%.*s", (int)directory_length, directory_length ? directory : "",
             directory_length ? "/" : "", (int)length, name);
    return fopen(path, "re");
}

LLVMMetadataRef definition_place(LLVMValueRef function)
{
    const char *name;
    size_t length, room = 0;
    LLVMMetadataRef place = pass_place_of(function, &name, &length);
    LLVMMetadataRef file = place ? LLVMDIScopeGetFile(LLVMDILocationGetScope(place)) : NULL;
    FILE *source = file ? open_source(file) : NULL;
    unsigned line = 0;
    char *text = NULL;

    if (!source)
        return place;
    while (line < LLVMDILocationGetLine(place) && getline(&text, &room, source) > 0)
        line++;
    fclose(source);
    if (text && line == LLVMDILocationGetLine(place))
        place = pass_with_column(place, column_in(text, name, length));
    free(text);
    return place;
}
