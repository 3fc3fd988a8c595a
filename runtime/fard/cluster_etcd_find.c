/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Questions that change nothing: one request each, for one entry. */
#include "runtime/fard/cluster_etcd.h"
#include "runtime/fard/registry.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>

static void nobody_has(struct etcd_operation *operation)
{
    etcd_operation_fail(operation, ENOENT, EX_UNAVAILABLE, NULL, "no node of the cluster has %s registered",
                        operation->service.name[0] ? operation->service.name : "anything more, or there,");
}

/* `address` is operation->next; 0: whatever was found is it. */
static bool is_there(const struct etcd_operation *operation, const struct link_service *service)
{
    return operation->next == 0 || operation->next - service->base < service->size;
}

static void answered(struct etcd_ask *ask, int result, const json_t *response, const struct far_error *error)
{
    struct etcd_operation *operation = etcd_operation_of(ask);
    struct etcd_entry entry;
    struct link_service service;
    if (result)
        etcd_operation_answer(operation, result, NULL, error);
    else if (etcd_read_range(response, &entry) != 0)
        etcd_operation_nonsense(operation, "an entry");
    else if (!entry.found)
        nobody_has(operation);
    else if (etcd_read_service(&entry, &service) != 0)
        etcd_operation_nonsense(operation, entry.key.text);
    else if (!is_there(operation, &service))
        nobody_has(operation);
    else
        etcd_operation_answer(operation, 0, &service, NULL);
}

static void ask(struct etcd_operation *operation, const struct etcd_key *from, const struct etcd_key *end)
{
    etcd_operation_ask(operation, "kv/range", etcd_range_request(from, end), answered);
}

static bool take_name(struct etcd_operation *operation, const struct link_name *name)
{
    if (service_name_is_sound(name->name, sizeof name->name) && name->major <= UINT16_MAX + 1u) {
        memcpy(operation->service.name, name->name, sizeof name->name);
        return true;
    }
    return false;
}

static void no_name(struct etcd_operation *operation)
{
    /* Not from here: nobody is answered before he has returned. */
    operation->begin = nobody_has;
    etcd_operation_later(operation);
}

void etcd_find(struct cluster_keeper *keeper, const struct link_name *name, struct cluster_question *question)
{
    struct etcd_operation *operation = etcd_operation_new(keeper, question);
    if (!operation)
        return;
    if (!take_name(operation, name)) {
        no_name(operation);
        return;
    }
    struct etcd_key folder = etcd_key_name_folder(name->name), end = etcd_key_behind(folder.text);
    struct etcd_key exactly = etcd_key_name(name->name, name->major ? name->major - 1 : 0);
    if (name->major)
        ask(operation, &exactly, NULL);
    else
        ask(operation, &folder, &end);
}

/* The highest that begins at or below it: the first one at or behind its complement. */
void etcd_find_address(struct cluster_keeper *keeper, uint64_t address, struct cluster_question *question)
{
    struct etcd_operation *operation = etcd_operation_new(keeper, question);
    struct etcd_key from = etcd_key_address(ETCD_ADDRESSES, address), end = etcd_key_behind(ETCD_ADDRESSES);
    if (!operation)
        return;
    operation->next = address;
    ask(operation, &from, &end);
}

void etcd_next(struct cluster_keeper *keeper, const struct link_name *behind, struct cluster_question *question)
{
    struct etcd_operation *operation = etcd_operation_new(keeper, question);
    struct etcd_key from = etcd_key(ETCD_NAMES), end = etcd_key_behind(ETCD_NAMES);
    if (!operation)
        return;
    if (behind->name[0]) {
        if (!take_name(operation, behind)) {
            no_name(operation);
            return;
        }
        operation->service.name[0] = 0;
        from = behind->major ? etcd_key_name(behind->name, behind->major - 1) : etcd_key_name_folder(behind->name);
        from = etcd_key_next(&from);
    }
    ask(operation, &from, &end);
}
