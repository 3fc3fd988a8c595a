/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * An ordinary user of expat: prints the outline of an XML document that it reads from standard input. It includes expat's
 * own header and knows nothing of farcall; linked against the import library of the expat segment, its calls go wherever
 * this process was bound to, and expat's calls of the handlers below come back from there.
 *
 * usage: outline < FILE
 */
#include <expat.h>
#include <stdio.h>
#include <sysexits.h>

/* What expat carries for us from XML_SetUserData to every handler. */
struct outline {
    int depth;
    long elements, attributes, characters;
};

static void XMLCALL start_element(void *data, const XML_Char *name, const XML_Char **attributes)
{
    struct outline *outline = data;

    printf("%*s%s", 2 * outline->depth, "", name);
    for (; *attributes; attributes += 2, outline->attributes++)
        printf(" %s=%s", attributes[0], attributes[1]);
    putchar('\n');
    outline->depth++;
    outline->elements++;
}

static void XMLCALL end_element(void *data, const XML_Char *name)
{
    (void)name;
    ((struct outline *)data)->depth--;
}

static void XMLCALL text(void *data, const XML_Char *characters, int length)
{
    (void)characters;
    ((struct outline *)data)->characters += length;
}

/* 0, or what expat says is wrong. */
static int parse_all(XML_Parser parser, FILE *in)
{
    char piece[4096];
    size_t length;

    do {
        length = fread(piece, 1, sizeof piece, in);
        if (XML_Parse(parser, piece, (int)length, length < sizeof piece) != XML_STATUS_OK) {
            fprintf(stderr, "outline: line %lu: %s\n", (unsigned long)XML_GetCurrentLineNumber(parser),
                    XML_ErrorString(XML_GetErrorCode(parser)));
            return EX_DATAERR;
        }
    } while (length == sizeof piece);
    return EX_OK;
}

int main(void)
{
    struct outline outline = {0};
    XML_Parser parser = XML_ParserCreate(NULL);
    int status;

    if (!parser) {
        fputs("outline: there is no parser\n", stderr);
        return EX_UNAVAILABLE;
    }
    XML_SetUserData(parser, &outline);
    XML_SetElementHandler(parser, start_element, end_element);
    XML_SetCharacterDataHandler(parser, text);
    status = parse_all(parser, stdin);
    XML_ParserFree(parser);
    if (status == EX_OK)
        printf("%s: %ld elements, %ld attributes, %ld characters of text\n", XML_ExpatVersion(), outline.elements,
               outline.attributes, outline.characters);
    return status;
}
