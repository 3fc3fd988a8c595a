/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * The URLs of etcd's members. A host that has a name is looked up here, once, before the loop runs: curl is told the addresses, and still
 * checks certificates against the name.
 */
#include "runtime/fard/cluster_etcd_http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define ETCD_PORT     "2379"
#define ADDRESSES_MAX 4

struct parts {
    char *scheme, *host, *port, *path;
};

static void parts_free(struct parts *parts)
{
    curl_free(parts->scheme);
    curl_free(parts->host);
    curl_free(parts->port);
    curl_free(parts->path);
}

static bool has(CURLU *url, CURLUPart part)
{
    char *text = NULL;
    bool there = curl_url_get(url, part, &text, 0) == CURLUE_OK;
    curl_free(text);
    return there;
}

/* What is left of it when user names, questions and the like are not allowed. */
static bool take_apart(const char *text, struct parts *parts)
{
    CURLU *url = curl_url();
    bool sound = url && curl_url_set(url, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK &&
                 !has(url, CURLUPART_USER) && !has(url, CURLUPART_PASSWORD) && !has(url, CURLUPART_QUERY) &&
                 !has(url, CURLUPART_FRAGMENT) && curl_url_get(url, CURLUPART_SCHEME, &parts->scheme, 0) == CURLUE_OK &&
                 curl_url_get(url, CURLUPART_HOST, &parts->host, 0) == CURLUE_OK &&
                 curl_url_get(url, CURLUPART_PATH, &parts->path, 0) == CURLUE_OK;
    if (sound && curl_url_get(url, CURLUPART_PORT, &parts->port, 0) != CURLUE_OK)
        parts->port = NULL;
    curl_url_cleanup(url);
    return sound && (strcmp(parts->scheme, "http") == 0 || strcmp(parts->scheme, "https") == 0) &&
           (!*parts->path || strcmp(parts->path, "/") == 0);
}

static bool is_numeric(const char *host)
{
    struct in_addr address;
    return host[0] == '[' || inet_pton(AF_INET, host, &address) == 1;
}

/* "HOST:PORT:ADDRESS,ADDRESS" */
static int write_addresses(char *line, size_t room, const struct parts *parts, const struct addrinfo *first)
{
    int length = snprintf(line, room, "%s:%s:", parts->host, parts->port ? parts->port : ETCD_PORT);
    unsigned count = 0;
    for (const struct addrinfo *at = first; at && count < ADDRESSES_MAX; at = at->ai_next, count++) {
        char address[INET6_ADDRSTRLEN];
        if (length < 0 || (size_t)length >= room ||
            getnameinfo(at->ai_addr, at->ai_addrlen, address, sizeof address, NULL, 0, NI_NUMERICHOST) != 0)
            return -EINVAL;
        const char *form = at->ai_family == AF_INET6 ? "%s[%s]" : "%s%s";
        length += snprintf(line + length, room - (size_t)length, form, count ? "," : "", address);
    }
    return length > 0 && (size_t)length < room ? 0 : -EINVAL;
}

static int look_up(struct etcd_urls *urls, const char *url, const struct parts *parts, struct far_error *error)
{
    char line[ETCD_URL_MAX + ADDRESSES_MAX * (INET6_ADDRSTRLEN + 3)];
    struct addrinfo *found = NULL;
    const struct addrinfo wanted = {.ai_socktype = SOCK_STREAM};
    if (is_numeric(parts->host))
        return 0;
    int failed = getaddrinfo(parts->host, NULL, &wanted, &found);
    if (failed)
        return refuse(error, EHOSTUNREACH, EX_NOHOST,
                      "--etcd %s: there is no address for '%s': %s; say another name, or its address in numbers", url,
                      parts->host, gai_strerror(failed));
    int result = write_addresses(line, sizeof line, parts, found);
    freeaddrinfo(found);
    struct curl_slist *list = result ? NULL : curl_slist_append(urls->addresses, line);
    if (!list)
        return result ? result : -ENOMEM;
    urls->addresses = list;
    return 0;
}

static int read_one(struct etcd_urls *urls, const char *text, struct far_error *error)
{
    struct parts parts = {0};
    int result = 0;
    if (!take_apart(text, &parts))
        result = refuse(error, EINVAL, EX_USAGE,
                        "--etcd %s: this is no URL of an etcd; say for instance http://127.0.0.1:2379, or "
                        "https://HOST:2379; several are separated by commas",
                        text);
    char *out = urls->url[urls->count];
    if (!result && snprintf(out, ETCD_URL_MAX, "%s://%s:%s", parts.scheme, parts.host,
                            parts.port ? parts.port : ETCD_PORT) >= ETCD_URL_MAX)
        result = refuse(error, ENAMETOOLONG, EX_USAGE, "--etcd: a URL is too long");
    result = result ? result : look_up(urls, text, &parts, error);
    urls->secure |= !result && strcmp(parts.scheme, "https") == 0;
    urls->count += !result;
    parts_free(&parts);
    return result;
}

int etcd_urls_read(struct etcd_urls *urls, const char *where, struct far_error *error)
{
    char *rest, *all = strdup(where), *text = all;
    int result = all ? 0 : -ENOMEM;
    memset(urls, 0, sizeof *urls);
    while (!result && text) {
        rest = strchr(text, ',');
        if (rest)
            *rest++ = 0;
        if (urls->count == ETCD_URLS_MAX)
            result = refuse(error, E2BIG, EX_USAGE, "--etcd: more than %d URLs", ETCD_URLS_MAX);
        result = result ? result : read_one(urls, text, error);
        text = rest;
    }
    free(all);
    return result;
}

void etcd_urls_free(struct etcd_urls *urls)
{
    curl_slist_free_all(urls->addresses);
    urls->addresses = NULL;
    urls->count = 0;
}
