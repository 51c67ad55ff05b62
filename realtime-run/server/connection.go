package server

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/centrifugal/centrifuge"

	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/live"
	"fieldboard.dev/fieldboard/shared/problem"
)

// connecting lets a client in by its access token and subscribes it to what its role may see. What it may ask for by itself
// is in welcome; for publishing and history no handler is set, so the node refuses them.
func (s *Server) connecting(ctx context.Context, e centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
	p, err := s.verify(ctx, e.Token)
	if err != nil {
		return centrifuge.ConnectReply{}, err
	}
	from := originFrom(ctx)
	seat := live.Seat{AccountID: p.AccountID, Connection: live.Connection{
		ID: e.ClientID, UserID: p.UserID, Since: s.in.Clock.Now().UTC(), Transport: e.Transport.Name(), Instance: s.name,
		Address: from.address, UserAgent: from.agent,
	}}
	if err := s.seats.take(ctx, seat, s.cfg.Limits); err != nil {
		var full centrifuge.Disconnect
		if errors.As(err, &full) {
			s.in.Log.WarnContext(ctx, "connection refused", "account", p.AccountID, "user", p.UserID, "reason", full.Reason)
			return centrifuge.ConnectReply{}, full
		}
		s.in.Log.ErrorContext(ctx, "the connections could not be counted", "error", err)
		return centrifuge.ConnectReply{}, centrifuge.ErrorInternal
	}
	subscriptions := map[string]centrifuge.SubscribeOptions{}
	for _, channel := range channelsOf(p) {
		subscriptions[channel] = centrifuge.SubscribeOptions{EnableRecovery: true, EnablePositioning: true}
	}
	return centrifuge.ConnectReply{
		Context:           httpapi.WithPrincipal(ctx, p),
		Credentials:       &centrifuge.Credentials{UserID: p.UserID, ExpireAt: s.expiry(p)},
		Subscriptions:     subscriptions,
		ClientSideRefresh: true,
		// A reply can hold a whole history, which should not count against the queue's bound. A stream cannot be written to
		// before its first command is done with, so there it does.
		ReplyWithoutQueue: !e.Transport.Emulation(),
	}, nil
}

func (s *Server) connected(client *centrifuge.Client, h *hub) {
	was := httpapi.PrincipalFrom(client.Context())
	stop := s.limitLifetime(client)
	farewell := s.welcome(client, h, was)
	go s.recheckNew(client)
	transport := client.Transport().Name()
	s.metrics.opened(transport)
	client.OnDisconnect(func(e centrifuge.DisconnectEvent) {
		s.metrics.ended(transport, e)
		stop()
		farewell()
		ctx := context.WithoutCancel(client.Context())
		if err := s.seats.leave(ctx, client.ID()); err != nil {
			s.in.Log.WarnContext(ctx, "a connection's seat lasts until it expires", "error", err)
		}
	})
	client.OnRefresh(func(e centrifuge.RefreshEvent, done centrifuge.RefreshCallback) {
		// Away from the read loop, which a slow look-up would hold up.
		go func() { done(s.refresh(client.Context(), was, e.Token)) }()
	})
}

// refresh prolongs a connection by a newer token of the same person in the same account.
func (s *Server) refresh(ctx context.Context, was httpapi.Principal, token string) (centrifuge.RefreshReply, error) {
	is, err := s.verify(ctx, token)
	if errors.Is(err, centrifuge.ErrorTokenExpired) {
		// Clients take this error for their last at a refresh, but bring another token when they connect again.
		return centrifuge.RefreshReply{Expired: true}, nil
	}
	if err != nil {
		return centrifuge.RefreshReply{}, err
	}
	if is.UserID != was.UserID || is.AccountID != was.AccountID {
		return centrifuge.RefreshReply{}, centrifuge.DisconnectInvalidToken
	}
	if !slices.Equal(channelsOf(is), channelsOf(was)) {
		return centrifuge.RefreshReply{}, centrifuge.DisconnectForceReconnect
	}
	return centrifuge.RefreshReply{ExpireAt: s.expiry(is)}, nil
}

// verify turns a token into a person, or into the answer for the client: to bring another token, or to try again.
func (s *Server) verify(ctx context.Context, token string) (httpapi.Principal, error) {
	if token == "" {
		return httpapi.Principal{}, centrifuge.ErrorTokenExpired
	}
	ctx, cancel := context.WithTimeout(ctx, authTimeout)
	defer cancel()
	p, err := s.sessions.Verify(ctx, token)
	switch {
	case err == nil && p.UserID != "" && accountID.MatchString(p.AccountID):
		return p, nil
	case err == nil, problem.CodeOf(err) == problem.Unauthenticated:
		return httpapi.Principal{}, centrifuge.ErrorTokenExpired
	case problem.CodeOf(err) == problem.Forbidden:
		return httpapi.Principal{}, centrifuge.DisconnectPermissionDenied
	}
	s.in.Log.ErrorContext(ctx, "an access token could not be checked", "error", err)
	return httpapi.Principal{}, centrifuge.ErrorInternal
}

// expiry returns when a client should bring a new token, as Unix seconds of the machine's clock, by which the node goes:
// refreshGrace before its token ends, so that the connection ends with the token. A token with less left than that gets a
// second and the grace.
func (s *Server) expiry(p httpapi.Principal) int64 {
	left := p.ExpiresAt.Sub(s.in.Clock.Now()) - refreshGrace
	return clock.System.Now().Add(max(left, time.Second)).Unix()
}
