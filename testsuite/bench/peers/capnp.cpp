/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*
 * Cap'n Proto RPC over a Unix socket, or over TCP (PEER_TCP=HOST:PORT), by its own EZ-RPC on both sides.
 *
 *     list         100,000 elements built, sent, received; the server reads the first one
 *     list-local   100,000 elements built, serialised, parsed, in one process: no transport
 *     walk         what reading all of them takes, once they are parsed
 */
#include "crossing.capnp.h"
#include "testsuite/bench/peers/peer.h"

#include <capnp/ez-rpc.h>
#include <capnp/message.h>
#include <capnp/serialize.h>
#include <cstdlib>
#include <cstring>
#include <string>

namespace
{

constexpr uint32_t cells = 100000;

/* A list of this size is more than Cap'n Proto reads of strangers unasked. */
capnp::ReaderOptions without_limits()
{
    capnp::ReaderOptions options;
    options.traversalLimitInWords = UINT64_MAX;
    options.nestingLimit = 1 << 20;
    return options;
}

void fill(Cells::Builder list)
{
    auto built = list.initCells(cells);
    for (uint32_t i = 0; i < cells; i++)
        built[i].setValue(i);
}

class Service final : public Crossing::Server
{
  protected:
    kj::Promise<void> null(NullContext) override { return kj::READY_NOW; }
    kj::Promise<void> in(InContext context) override
    {
        auto bytes = context.getParams().getBytes();
        peer_look(bytes.begin(), bytes.size());
        return kj::READY_NOW;
    }
    kj::Promise<void> inout(InoutContext context) override
    {
        auto bytes = context.getParams().getBytes();
        auto answer = context.getResults().initBytes(static_cast<unsigned>(bytes.size()));
        memcpy(answer.begin(), bytes.begin(), bytes.size());
        peer_change(answer.begin(), answer.size());
        return kj::READY_NOW;
    }
    kj::Promise<void> list(ListContext context) override
    {
        context.getResults().setFirst(context.getParams().getList().getCells()[0].getValue());
        return kj::READY_NOW;
    }
};

std::string address_of(const peer_run *run)
{
    const char *tcp = getenv("PEER_TCP");
    return tcp ? std::string(tcp) : std::string("unix:") + run->socket;
}

void serve(const peer_run *run)
{
    capnp::EzRpcServer server(kj::heap<Service>(), address_of(run), 0, without_limits());
    server.getPort().wait(server.getWaitScope()); /* it listens */
    peer_ready();
    kj::NEVER_DONE.wait(server.getWaitScope());
}

struct Connection {
    explicit Connection(const peer_run *run)
        : client(address_of(run), 0, without_limits()), crossing(client.getMain<Crossing>())
    {
    }
    capnp::EzRpcClient client;
    Crossing::Client crossing;
};

struct Parsed {
    Parsed() : flat(build()), message(flat, without_limits()) {}
    static kj::Array<capnp::word> build()
    {
        capnp::MallocMessageBuilder message;
        fill(message.initRoot<Cells>());
        return capnp::messageToFlatArray(message);
    }
    kj::Array<capnp::word> flat;
    capnp::FlatArrayMessageReader message;
};

void *connect(const peer_run *run)
{
    if (peer_is(run, "walk"))
        return new Parsed;
    return peer_is(run, "list-local") ? nullptr : new Connection(run);
}

void build_and_parse()
{
    Parsed parsed;
    peer_expect(parsed.message.getRoot<Cells>().getCells()[0].getValue() == 0, "the list's first element is wrong");
}

void walk(Parsed *parsed)
{
    int64_t sum = 0;
    for (auto cell : parsed->message.getRoot<Cells>().getCells())
        sum += cell.getValue();
    peer_expect(sum == int64_t{cells} * (cells - 1) / 2, "the list's sum is wrong");
}

void call_remote(Connection *connection, const peer_run *run)
{
    auto &scope = connection->client.getWaitScope();
    if (peer_is(run, "in")) {
        auto request = connection->crossing.inRequest();
        request.setBytes(kj::arrayPtr(run->bytes, run->amount));
        request.send().wait(scope);
    } else if (peer_is(run, "inout")) {
        auto request = connection->crossing.inoutRequest();
        request.setBytes(kj::arrayPtr(run->bytes, run->amount));
        auto answer = request.send().wait(scope);
        memcpy(run->bytes, answer.getBytes().begin(), run->amount);
    } else if (peer_is(run, "list")) {
        auto request = connection->crossing.listRequest();
        fill(request.initList());
        peer_expect(request.send().wait(scope).getFirst() == 0, "the list's first element is wrong");
    } else {
        connection->crossing.nullRequest().send().wait(scope);
    }
}

void call(void *connection, const peer_run *run, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (peer_is(run, "walk"))
            walk(static_cast<Parsed *>(connection));
        else if (peer_is(run, "list-local"))
            build_and_parse();
        else
            call_remote(static_cast<Connection *>(connection), run);
}

} // namespace

int main(int argc, char **argv)
{
    const peer peer = {"capnp", "null in inout clients list list-local walk", serve, connect, call, 0};
    return peer_main(argc, argv, &peer);
}
