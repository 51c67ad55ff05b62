package faults_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"sync"
	"testing"

	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"

	"fieldboard.dev/fieldboard/shared/event"
)

// pullerProxy stands between the instances of the realtime service and the Pub/Sub emulator. The emulator never ends a stream
// whose client was killed or cancelled it (its classes of gRPC are of two versions: NoSuchMethodError), and goes on handing
// messages to it that nobody gets; with a half-closed stream it is done. So the proxy half-closes for those who cannot any more.
type pullerProxy struct {
	address string
	to      *grpc.ClientConn

	mu        sync.Mutex
	delivered map[string]int // how often each event was, by id
}

func newPullerProxy(t *testing.T, emulator string) *pullerProxy {
	t.Helper()
	to, err := grpc.NewClient(emulator, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &pullerProxy{address: listener.Addr().String(), to: to, delivered: map[string]int{}}
	server := grpc.NewServer(grpc.UnknownServiceHandler(p.pass), grpc.MaxRecvMsgSize(20<<20))
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Stop()
		if err := errors.Join(<-ended, to.Close()); err != nil {
			t.Error(err)
		}
	})
	return p
}

// pass carries one call of any method. A message that it does not look into is an Empty, whose unknown fields are kept.
func (p *pullerProxy) pass(_ any, from grpc.ServerStream) error {
	method, _ := grpc.MethodFromServerStream(from)
	ctx, cancel := context.WithCancel(context.WithoutCancel(from.Context()))
	defer cancel()
	if md, ok := metadata.FromIncomingContext(ctx); ok {
		ctx = metadata.NewOutgoingContext(ctx, md.Copy())
	}
	to, err := p.to.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, method, grpc.MaxCallRecvMsgSize(20<<20))
	if err != nil {
		return err
	}
	go func() {
		for {
			asked := &emptypb.Empty{}
			if from.RecvMsg(asked) != nil || to.SendMsg(asked) != nil {
				_ = to.CloseSend() // its error is RecvMsg's below
				return
			}
		}
	}()
	gone := false
	for {
		answer := answerOf(method)
		switch err := to.RecvMsg(answer); {
		case errors.Is(err, io.EOF):
			from.SetTrailer(to.Trailer())
			return nil
		case err != nil:
			return err
		}
		p.note(answer)
		if !gone {
			gone = from.SendMsg(answer) != nil
		}
	}
}

func answerOf(method string) proto.Message {
	if method == pubsubpb.Subscriber_StreamingPull_FullMethodName {
		return &pubsubpb.StreamingPullResponse{}
	}
	return &emptypb.Empty{}
}

func (p *pullerProxy) note(answer proto.Message) {
	pulled, ok := answer.(*pubsubpb.StreamingPullResponse)
	if !ok {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range pulled.GetReceivedMessages() {
		var e event.Event
		if json.Unmarshal(m.GetMessage().GetData(), &e) == nil { // else it is a heartbeat
			p.delivered[e.ID]++
		}
	}
}

// repeated returns the events that were delivered more than once, be it to somebody who was gone.
func (p *pullerProxy) repeated() map[string]bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	ids := map[string]bool{}
	for id, n := range p.delivered {
		if n > 1 {
			ids[id] = true
		}
	}
	return ids
}
