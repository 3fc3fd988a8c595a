/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* gRPC, unary calls over a Unix socket, or over TCP (PEER_TCP=HOST:PORT): its synchronous server and stub, as its documentation begins with. */
#include "crossing.grpc.pb.h"
#include "testsuite/bench/peers/peer.h"

#include <cstdlib>
#include <grpcpp/grpcpp.h>

namespace
{

using crossing::Bytes;
using crossing::Crossing;
using crossing::Nothing;

class Service final : public Crossing::Service
{
    grpc::Status Null(grpc::ServerContext *, const Nothing *, Nothing *) override { return grpc::Status::OK; }
    grpc::Status In(grpc::ServerContext *, const Bytes *request, Nothing *) override
    {
        const auto &bytes = request->bytes();
        peer_look(reinterpret_cast<const unsigned char *>(bytes.data()), bytes.size());
        return grpc::Status::OK;
    }
    grpc::Status Inout(grpc::ServerContext *, const Bytes *request, Bytes *answer) override
    {
        auto *bytes = answer->mutable_bytes();
        *bytes = request->bytes();
        peer_change(reinterpret_cast<unsigned char *>(&(*bytes)[0]), bytes->size());
        return grpc::Status::OK;
    }
};

std::string address_of(const peer_run *run)
{
    const char *tcp = getenv("PEER_TCP");
    return tcp ? std::string(tcp) : std::string("unix:") + run->socket;
}

void serve(const peer_run *run)
{
    Service service;
    grpc::ServerBuilder builder;
    builder.AddListeningPort(address_of(run), grpc::InsecureServerCredentials());
    builder.SetMaxReceiveMessageSize(-1);
    builder.RegisterService(&service);
    auto server = builder.BuildAndStart();
    if (!server)
        peer_broken("the server does not start");
    peer_ready();
    server->Wait();
}

void *connect(const peer_run *run)
{
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(-1);
    auto channel = grpc::CreateCustomChannel(address_of(run), grpc::InsecureChannelCredentials(), arguments);
    return Crossing::NewStub(channel).release();
}

grpc::Status call_once(Crossing::Stub *stub, const peer_run *run)
{
    grpc::ClientContext context;
    Nothing nothing, nothing_back;
    Bytes request, answer;
    if (!peer_is(run, "in") && !peer_is(run, "inout"))
        return stub->Null(&context, nothing, &nothing_back);
    request.set_bytes(run->bytes, run->amount);
    if (peer_is(run, "in"))
        return stub->In(&context, request, &nothing_back);
    grpc::Status status = stub->Inout(&context, request, &answer);
    if (status.ok())
        answer.bytes().copy(reinterpret_cast<char *>(run->bytes), run->amount);
    return status;
}

void call(void *connection, const peer_run *run, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        grpc::Status status = call_once(static_cast<Crossing::Stub *>(connection), run);
        if (!status.ok())
            peer_broken("a call failed: %s", status.error_message().c_str());
    }
}

} // namespace

int main(int argc, char **argv)
{
    const peer peer = {"grpc", "null in inout clients", serve, connect, call, 0};
    return peer_main(argc, argv, &peer);
}
