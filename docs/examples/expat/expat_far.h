/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * expat as a service, without touching expat: its own header, and all of its functions declared again with
 * annotations. A program that includes <expat.h> only calls the same operations. README.md beside this file says how
 * it is built.
 *
 * XML_GetUserData is a macro that looks into the parser. A client that may not look keeps its pointer itself.
 */
#ifndef EXPAT_FAR_H
#define EXPAT_FAR_H

/* The library is built with it; the header shows four functions only to those who say so. */
#ifndef XML_DTD
#define XML_DTD 1
#endif

#include <expat.h>
#include <farcall/annotate.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Annotations read best in front of their operation, on a line of their own. */
/* clang-format off */
far_service(expat, 1, 0);

/* --- Structures, by the members that hold pointers --- */

/* A content model is a tree: each element's children are an array of such elements. */
struct far_describes(struct XML_cp) expat_far_content {
    XML_Char *__null_terminated far_nullable name;
    unsigned int numchildren;
    XML_Content *__counted_by_or_null(numchildren) children;
};

/* A character is at most four bytes long; how long this one is, only the map says. */
struct far_describes(XML_Encoding) expat_far_encoding {
    void *far_opaque data;
    int (XMLCALL *far_callback far_nullable convert)(void *far_opaque data, const char *far_in __sized_by(4) s);
    void (XMLCALL *far_callback far_nullable release)(void *far_opaque data);
};

struct far_describes(XML_Feature) expat_far_feature {
    const XML_LChar *__null_terminated far_nullable name;
};

/*
 * --- Handlers ---
 *
 * The first parameter is what the client gave to XML_SetUserData, or the parser after XML_UseParserAsHandlerArg: in
 * both cases bits that mean something to the client and that nobody on the way follows.
 */

/* The model belongs to the client from then on, until XML_FreeContentModel. */
typedef void (XMLCALL *far_callback far_nullable expat_far_element_decl)(
    void *far_opaque userData, const XML_Char *__null_terminated name,
    XML_Content *far_in far_lifetime(released) model);
typedef void (XMLCALL *far_callback far_nullable expat_far_attlist_decl)(
    void *far_opaque userData, const XML_Char *__null_terminated elname, const XML_Char *__null_terminated attname,
    const XML_Char *__null_terminated att_type, const XML_Char *__null_terminated far_nullable dflt, int isrequired);
typedef void (XMLCALL *far_callback far_nullable expat_far_xml_decl)(
    void *far_opaque userData, const XML_Char *__null_terminated far_nullable version,
    const XML_Char *__null_terminated far_nullable encoding, int standalone);

/* atts: names and values in turn, ended by NULL. */
typedef void (XMLCALL *far_callback far_nullable expat_far_start_element)(
    void *far_opaque userData, const XML_Char *__null_terminated name,
    const XML_Char *__null_terminated *far_in __null_terminated atts);
typedef void (XMLCALL *far_callback far_nullable expat_far_end_element)(
    void *far_opaque userData, const XML_Char *__null_terminated name);
typedef void (XMLCALL *far_callback far_nullable expat_far_text)(
    void *far_opaque userData, const XML_Char *__counted_by(len) s, int len);
typedef void (XMLCALL *far_callback far_nullable expat_far_processing_instruction)(
    void *far_opaque userData, const XML_Char *__null_terminated target, const XML_Char *__null_terminated data);
typedef void (XMLCALL *far_callback far_nullable expat_far_comment)(
    void *far_opaque userData, const XML_Char *__null_terminated data);

/* Start and end of a CDATA section, end of the DOCTYPE declaration. */
typedef void (XMLCALL *far_callback far_nullable expat_far_event)(void *far_opaque userData);
typedef void (XMLCALL *far_callback far_nullable expat_far_start_doctype)(
    void *far_opaque userData, const XML_Char *__null_terminated doctypeName,
    const XML_Char *__null_terminated far_nullable sysid, const XML_Char *__null_terminated far_nullable pubid,
    int has_internal_subset);

/* An entity has either a value, which is counted, or a systemId. */
typedef void (XMLCALL *far_callback far_nullable expat_far_entity_decl)(
    void *far_opaque userData, const XML_Char *__null_terminated entityName, int is_parameter_entity,
    const XML_Char *__counted_by_or_null(value_length) value, int value_length,
    const XML_Char *__null_terminated far_nullable base, const XML_Char *__null_terminated far_nullable systemId,
    const XML_Char *__null_terminated far_nullable publicId,
    const XML_Char *__null_terminated far_nullable notationName);
typedef void (XMLCALL *far_callback far_nullable expat_far_unparsed_entity_decl)(
    void *far_opaque userData, const XML_Char *__null_terminated entityName,
    const XML_Char *__null_terminated far_nullable base, const XML_Char *__null_terminated systemId,
    const XML_Char *__null_terminated far_nullable publicId, const XML_Char *__null_terminated notationName);
typedef void (XMLCALL *far_callback far_nullable expat_far_notation_decl)(
    void *far_opaque userData, const XML_Char *__null_terminated notationName,
    const XML_Char *__null_terminated far_nullable base, const XML_Char *__null_terminated far_nullable systemId,
    const XML_Char *__null_terminated far_nullable publicId);
typedef void (XMLCALL *far_callback far_nullable expat_far_start_namespace)(
    void *far_opaque userData, const XML_Char *__null_terminated far_nullable prefix,
    const XML_Char *__null_terminated far_nullable uri);
typedef void (XMLCALL *far_callback far_nullable expat_far_end_namespace)(
    void *far_opaque userData, const XML_Char *__null_terminated far_nullable prefix);
typedef int (XMLCALL *far_callback far_nullable expat_far_not_standalone)(void *far_opaque userData);

/*
 * The parser, or what XML_SetExternalEntityRefHandlerArg gave. Not far_handle: a pointer of the client's own choice
 * must not become a handle on its way back. The parser is one already, since the call that made it.
 */
typedef int (XMLCALL *far_callback far_nullable expat_far_external_entity)(
    XML_Parser far_opaque parser, const XML_Char *__null_terminated far_nullable context,
    const XML_Char *__null_terminated far_nullable base, const XML_Char *__null_terminated far_nullable systemId,
    const XML_Char *__null_terminated far_nullable publicId);
typedef void (XMLCALL *far_callback far_nullable expat_far_skipped_entity)(
    void *far_opaque userData, const XML_Char *__null_terminated entityName, int is_parameter_entity);

/* info arrives filled with "malformed" and NULL, and comes back with the encoding. */
typedef int (XMLCALL *far_callback far_nullable expat_far_unknown_encoding)(
    void *far_opaque encodingHandlerData, const XML_Char *__null_terminated name, XML_Encoding *far_inout info);

/* --- Parsers --- */

far_op far_fails(0)
    XML_Parser far_handle far_nullable XML_ParserCreate(const XML_Char *__null_terminated far_nullable encoding);
far_op far_fails(0)
    XML_Parser far_handle far_nullable
    XML_ParserCreateNS(const XML_Char *__null_terminated far_nullable encoding, XML_Char namespaceSeparator);

/*
 * The separator is one character, not a string. Through a gate the service allocates by itself: what a client's functions
 * allocate is the client's memory.
 */
far_op far_fails(0)
    XML_Parser far_handle far_nullable
    XML_ParserCreate_MM(const XML_Char *__null_terminated far_nullable encoding,
                        const XML_Memory_Handling_Suite *far_withheld memsuite,
                        const XML_Char *far_in __counted_by_or_null(1) namespaceSeparator);
/* It uses what the parser has, which is freed last. */
far_op far_fails(0)
    XML_Parser far_handle far_nullable far_lifetime(parser)
    XML_ExternalEntityParserCreate(XML_Parser far_handle parser, const XML_Char *__null_terminated far_nullable context,
                                   const XML_Char *__null_terminated far_nullable encoding);
far_op far_fails(XML_FALSE)
    XML_Bool XML_ParserReset(XML_Parser far_handle parser, const XML_Char *__null_terminated far_nullable encoding);
far_op
    void XML_ParserFree(XML_Parser far_handle far_release far_nullable parser);

/* --- Parsing --- */

far_op far_fails(XML_STATUS_ERROR)
    enum XML_Status XML_Parse(XML_Parser far_handle parser, const char *far_in __sized_by_or_null(len) s, int len,
                              int isFinal);

/*
 * The buffer is the parser's, and the client writes into it: that needs a client that may write the service's memory.
 * Others give their own memory to XML_Parse.
 */
far_op far_fails(0)
    void *far_global far_nullable XML_GetBuffer(XML_Parser far_handle parser, int len);
far_op far_fails(XML_STATUS_ERROR)
    enum XML_Status XML_ParseBuffer(XML_Parser far_handle parser, int len, int isFinal);
far_op far_fails(XML_STATUS_ERROR)
    enum XML_Status XML_StopParser(XML_Parser far_handle parser, XML_Bool resumable);
far_op far_fails(XML_STATUS_ERROR)
    enum XML_Status XML_ResumeParser(XML_Parser far_handle parser);
far_op
    void XML_GetParsingStatus(XML_Parser far_handle parser, XML_ParsingStatus *far_out status);
far_op
    void XML_DefaultCurrent(XML_Parser far_handle parser);

/* --- Settings --- */

far_op
    void XML_SetUserData(XML_Parser far_handle parser, void *far_opaque userData);
far_op
    void XML_UseParserAsHandlerArg(XML_Parser far_handle parser);
far_op
    void XML_SetExternalEntityRefHandlerArg(XML_Parser far_handle parser, void *far_opaque arg);
far_op
    void XML_SetReturnNSTriplet(XML_Parser far_handle parser, int do_nst);
far_op far_fails(XML_STATUS_ERROR)
    enum XML_Status XML_SetEncoding(XML_Parser far_handle parser,
                                    const XML_Char *__null_terminated far_nullable encoding);
far_op far_fails(XML_ERROR_UNEXPECTED_STATE)
    enum XML_Error XML_UseForeignDTD(XML_Parser far_handle parser, XML_Bool useDTD);
far_op far_fails(XML_STATUS_ERROR)
    enum XML_Status XML_SetBase(XML_Parser far_handle parser, const XML_Char *__null_terminated far_nullable base);
far_op far_fails(0)
    int XML_SetParamEntityParsing(XML_Parser far_handle parser, enum XML_ParamEntityParsing parsing);
far_op far_fails(0)
    int XML_SetHashSalt(XML_Parser far_handle parser, unsigned long hash_salt);
far_op far_fails(XML_FALSE)
    XML_Bool XML_SetBillionLaughsAttackProtectionMaximumAmplification(XML_Parser far_handle parser,
                                                                      float maximumAmplificationFactor);
far_op far_fails(XML_FALSE)
    XML_Bool XML_SetBillionLaughsAttackProtectionActivationThreshold(XML_Parser far_handle parser,
                                                                     unsigned long long activationThresholdBytes);
far_op far_fails(XML_FALSE)
    XML_Bool XML_SetAllocTrackerMaximumAmplification(XML_Parser far_handle parser, float maximumAmplificationFactor);
far_op far_fails(XML_FALSE)
    XML_Bool XML_SetAllocTrackerActivationThreshold(XML_Parser far_handle parser,
                                                    unsigned long long activationThresholdBytes);
far_op far_fails(XML_FALSE)
    XML_Bool XML_SetReparseDeferralEnabled(XML_Parser far_handle parser, XML_Bool enabled);

/* --- Setting handlers --- */

far_op
    void XML_SetElementDeclHandler(XML_Parser far_handle parser, expat_far_element_decl eldecl);
far_op
    void XML_SetAttlistDeclHandler(XML_Parser far_handle parser, expat_far_attlist_decl attdecl);
far_op
    void XML_SetXmlDeclHandler(XML_Parser far_handle parser, expat_far_xml_decl xmldecl);
far_op
    void XML_SetEntityDeclHandler(XML_Parser far_handle parser, expat_far_entity_decl handler);
far_op
    void XML_SetElementHandler(XML_Parser far_handle parser, expat_far_start_element start, expat_far_end_element end);
far_op
    void XML_SetStartElementHandler(XML_Parser far_handle parser, expat_far_start_element handler);
far_op
    void XML_SetEndElementHandler(XML_Parser far_handle parser, expat_far_end_element handler);
far_op
    void XML_SetCharacterDataHandler(XML_Parser far_handle parser, expat_far_text handler);
far_op
    void XML_SetProcessingInstructionHandler(XML_Parser far_handle parser, expat_far_processing_instruction handler);
far_op
    void XML_SetCommentHandler(XML_Parser far_handle parser, expat_far_comment handler);
far_op
    void XML_SetCdataSectionHandler(XML_Parser far_handle parser, expat_far_event start, expat_far_event end);
far_op
    void XML_SetStartCdataSectionHandler(XML_Parser far_handle parser, expat_far_event start);
far_op
    void XML_SetEndCdataSectionHandler(XML_Parser far_handle parser, expat_far_event end);
far_op
    void XML_SetDefaultHandler(XML_Parser far_handle parser, expat_far_text handler);
far_op
    void XML_SetDefaultHandlerExpand(XML_Parser far_handle parser, expat_far_text handler);
far_op
    void XML_SetDoctypeDeclHandler(XML_Parser far_handle parser, expat_far_start_doctype start, expat_far_event end);
far_op
    void XML_SetStartDoctypeDeclHandler(XML_Parser far_handle parser, expat_far_start_doctype start);
far_op
    void XML_SetEndDoctypeDeclHandler(XML_Parser far_handle parser, expat_far_event end);
far_op
    void XML_SetUnparsedEntityDeclHandler(XML_Parser far_handle parser, expat_far_unparsed_entity_decl handler);
far_op
    void XML_SetNotationDeclHandler(XML_Parser far_handle parser, expat_far_notation_decl handler);
far_op
    void XML_SetNamespaceDeclHandler(XML_Parser far_handle parser, expat_far_start_namespace start,
                                     expat_far_end_namespace end);
far_op
    void XML_SetStartNamespaceDeclHandler(XML_Parser far_handle parser, expat_far_start_namespace start);
far_op
    void XML_SetEndNamespaceDeclHandler(XML_Parser far_handle parser, expat_far_end_namespace end);
far_op
    void XML_SetNotStandaloneHandler(XML_Parser far_handle parser, expat_far_not_standalone handler);
far_op
    void XML_SetExternalEntityRefHandler(XML_Parser far_handle parser, expat_far_external_entity handler);
far_op
    void XML_SetSkippedEntityHandler(XML_Parser far_handle parser, expat_far_skipped_entity handler);
far_op
    void XML_SetUnknownEncodingHandler(XML_Parser far_handle parser, expat_far_unknown_encoding handler,
                                       void *far_opaque encodingHandlerData);

/* --- Where the parser is, and what went wrong --- */

far_op far_fails(XML_ERROR_UNEXPECTED_STATE)
    enum XML_Error XML_GetErrorCode(XML_Parser far_handle far_nullable parser);
far_op far_fails(0)
    const XML_LChar *__null_terminated far_nullable far_lifetime(service) XML_ErrorString(enum XML_Error code);
far_op far_fails(0)
    XML_Size XML_GetCurrentLineNumber(XML_Parser far_handle parser);
far_op far_fails(0)
    XML_Size XML_GetCurrentColumnNumber(XML_Parser far_handle parser);
far_op far_fails(-1)
    XML_Index XML_GetCurrentByteIndex(XML_Parser far_handle parser);
far_op far_fails(0)
    int XML_GetCurrentByteCount(XML_Parser far_handle parser);

/* Valid in the handler that asks; it asks again after each call. */
far_op far_fails(0)
    const char *__sized_by_or_null(*size) far_lifetime(call)
    XML_GetInputContext(XML_Parser far_handle parser, int *far_out far_nullable offset, int *far_out size);
far_op far_fails(-1)
    int XML_GetSpecifiedAttributeCount(XML_Parser far_handle parser);
far_op far_fails(-1)
    int XML_GetIdAttributeIndex(XML_Parser far_handle parser);
far_op far_fails(0)
    const XML_Char *__null_terminated far_nullable far_lifetime(parser) XML_GetBase(XML_Parser far_handle parser);

/* --- Memory --- */

far_op
    void XML_FreeContentModel(XML_Parser far_handle parser, XML_Content *far_handle far_release far_nullable model);

/* Memory of the service's own heap. A client that may not write there can only give it back. */
far_op far_fails(0)
    void *far_handle far_nullable XML_MemMalloc(XML_Parser far_handle parser, size_t size);
far_op far_fails(0)
    void *far_handle far_nullable
    XML_MemRealloc(XML_Parser far_handle parser, void *far_handle far_release far_nullable ptr, size_t size);
far_op
    void XML_MemFree(XML_Parser far_handle parser, void *far_handle far_release far_nullable ptr);

/* --- About the library --- */

far_op far_fails(0)
    const XML_LChar *__null_terminated far_lifetime(service) XML_ExpatVersion(void);
far_op
    XML_Expat_Version XML_ExpatVersionInfo(void);

/* Ended by an entry that is all zero: XML_FEATURE_END. */
far_op far_fails(0)
    const XML_Feature *__null_terminated far_lifetime(service) XML_GetFeatureList(void);

#ifdef __cplusplus
}
#endif

#endif
