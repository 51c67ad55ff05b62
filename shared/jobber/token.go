package jobber

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"sync"
	"time"

	"fieldboard.dev/fieldboard/shared/clock"
)

// Token is an access token. It prints as nothing.
type Token struct {
	value      string
	generation int64
	expiresAt  time.Time
}

// String hides the token from logs.
func (Token) String() string { return "token" }

// LogValue hides the token from logs.
func (Token) LogValue() slog.Value { return slog.StringValue("token") }

const (
	// refreshAhead is how long before its end a token is replaced, so that no request meets an expired one.
	refreshAhead = 10 * time.Minute
	// refreshLease is longer than a refresh can take with its storing: oauthTimeout, then saveTime.
	refreshLease = 90 * time.Second
	// saveTime is how long storing what a refresh brought is tried: without it the connection is lost.
	saveTime = 45 * time.Second
	// rereadEvery is how often a waiter looks whether the refresher is done.
	rereadEvery = 200 * time.Millisecond
)

// tokenSource gives out access tokens and sees to it that one refresher at a time, over all instances, uses the refresh
// token. It is safe for concurrent use.
type tokenSource struct {
	store *Store
	oauth *oauth
	clock clock.Clock
	sleep func(context.Context, time.Duration) error
	log   *slog.Logger

	mu    sync.Mutex
	known map[string]Token
}

// get returns a token that is good now. It is an error of kind Disconnected or Unauthenticated when there is none to be had.
func (t *tokenSource) get(ctx context.Context, op, account string) (Token, error) {
	if token, ok := t.remembered(account); ok && token.expiresAt.Sub(t.clock.Now()) > refreshAhead {
		return token, nil
	}
	holder := rand.Text()
	for {
		h, err := t.store.take(ctx, account, holder, refreshAhead, refreshLease)
		switch {
		case err != nil:
			return Token{}, &Error{Kind: Transient, Op: op, Message: "the connection is not readable", Cause: err}
		case !h.connection.Connected():
			t.forget(account)
			return Token{}, notConnected(op, h.connection)
		case h.leased:
			return t.refresh(ctx, op, account, holder, h)
		case !h.busy:
			t.remember(account, h.token)
			return h.token, nil
		}
		if err := t.sleep(ctx, rereadEvery); err != nil {
			return Token{}, &Error{Kind: Transient, Op: op, Message: "waiting for the refresh of the token", Cause: err}
		}
	}
}

// refused says that Jobber did not accept the token: it is replaced at the next get.
func (t *tokenSource) refused(ctx context.Context, account string, token Token) error {
	t.forget(account)
	return t.store.expire(ctx, account, token.generation)
}

func (t *tokenSource) refresh(ctx context.Context, op, account, holder string, h held) (Token, error) {
	fresh, err := t.oauth.refresh(ctx, h.refresh)
	if errors.Is(err, errGrantInvalid) {
		t.forget(account)
		reason := "Jobber no longer accepts this connection."
		if err := t.store.markBroken(ctx, account, reason, h.token.generation); err != nil {
			return Token{}, &Error{Kind: Transient, Op: op, Message: "marking the connection broken", Cause: err}
		}
		return Token{}, &Error{Kind: Unauthenticated, Op: op, Message: reason, Cause: err}
	}
	if err != nil {
		if released := t.store.release(context.WithoutCancel(ctx), account, holder); released != nil {
			t.log.WarnContext(ctx, "the lease of a failed refresh stays until it runs out", "account", account, "error", released)
		}
		if t.clock.Now().Before(h.token.expiresAt) {
			t.log.WarnContext(ctx, "refreshing the Jobber token failed; the present one is still good", "account", account, "error", err)
			return h.token, nil
		}
		return Token{}, &Error{Kind: Transient, Op: op, Message: "refreshing the token", Cause: err, RetryAfter: time.Second}
	}
	token, err := t.save(ctx, account, holder, fresh)
	if err != nil {
		return Token{}, &Error{Kind: Transient, Op: op, Message: "storing the refreshed token", Cause: err}
	}
	t.remember(account, token)
	return token, nil
}

// save goes on though the caller gives up: the old refresh token is spent.
func (t *tokenSource) save(ctx context.Context, account, holder string, fresh tokens) (Token, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTime)
	defer cancel()
	for {
		token, err := t.store.save(ctx, account, holder, fresh)
		if err == nil || errors.Is(err, errLeaseLost) {
			return token, err
		}
		t.log.ErrorContext(ctx, "storing a refreshed Jobber token failed; trying again", "account", account, "error", err)
		if t.sleep(ctx, rereadEvery) != nil || ctx.Err() != nil {
			return Token{}, err
		}
	}
}

func (t *tokenSource) remembered(account string) (Token, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	token, ok := t.known[account]
	return token, ok
}

func (t *tokenSource) remember(account string, token Token) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.known[account] = token
}

func (t *tokenSource) forget(account string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.known, account)
}

func notConnected(op string, c Connection) *Error {
	if c.State == StateBroken {
		return &Error{Kind: Unauthenticated, Op: op, Message: c.Reason}
	}
	return &Error{Kind: Disconnected, Op: op, Message: "there is no connection to Jobber"}
}
