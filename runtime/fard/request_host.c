/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What is believed of a packet from a host. */
#include "runtime/astack.h"
#include "runtime/fard/request.h"

#include <errno.h>
#include <sysexits.h>

static bool channel_is_sound(const struct far_host_channel *channel)
{
    return channel->channel != 0 && channel->level > FAR_LEVEL_UNSET && channel->level < FAR_LEVEL_COUNT &&
           channel->size >= FAR_ASTACK_AREA && channel->size <= FAR_ASTACK_MAX;
}

int protocol_check_host_channels(const struct far_message *message, const struct far_host_channels **channels,
                                 const struct far_host_channel **channel, struct far_error *error)
{
    size_t size = message->size - sizeof *message;
    *channels = (const void *)(message + 1);
    *channel = (const void *)(*channels + 1);
    bool sound = size >= sizeof **channels && (*channels)->count <= FAR_HOST_CHANNELS_MAX && (*channels)->last <= 1 &&
                 size == sizeof **channels + (*channels)->count * sizeof **channel;
    for (uint32_t i = 0; sound && i < (*channels)->count; i++)
        sound = channel_is_sound(&(*channel)[i]);
    return sound ? 0 : refuse(error, EBADMSG, EX_PROTOCOL, "message: the list of a host's channels is malformed");
}
