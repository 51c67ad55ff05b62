package jobber

import (
	"context"
	"crypto/rand"
	"errors"
	mathrand "math/rand/v2"
	"net"
	"time"

	"github.com/Khan/genqlient/graphql"
)

// call is one operation on its way to Jobber: the generated code hands it the request, and it keeps what a reply tells
// beside the data.
type call struct {
	api     *API
	account string
	lane    Lane
	token   *Token // used as it is, instead of the account's
	once    bool   // it makes a change that must not be made twice: it is not sent again unless it surely was not done

	sent      Token // with the last try
	fetchedAt time.Time
	cost      Cost
	errors    []replyError // beside data
}

func (a *API) newCall(account string, lane Lane) *call {
	return &call{api: a, account: account, lane: lane}
}

var _ graphql.Client = (*call)(nil)

// How often an operation is sent before its failure is the caller's.
const (
	transientTries = 4
	throttledTries = 8
)

// MakeRequest sends a request, again when it failed in passing. Errors beside data are kept and not returned.
func (c *call) MakeRequest(ctx context.Context, req *graphql.Request, resp *graphql.Response) error {
	estimate, err := requestedCost(req.Query, req.Variables)
	if err != nil {
		return &Error{Kind: Misuse, Op: req.OpName, Cause: err}
	}
	refused := false
	for try := 1; ; try++ {
		failure := c.try(ctx, req, resp, estimate)
		if failure == nil {
			return nil
		}
		switch failure.Kind {
		case unauthorized:
			again, err := c.refusedToken(ctx, req.OpName, failure, refused)
			if !again {
				return err
			}
			refused = true
		case Transient:
			if try >= transientTries || ctx.Err() != nil {
				return failure
			}
			if err := c.pause(ctx, failure, backoff(try)); err != nil {
				return err
			}
		case Throttled, RateLimited:
			// The budget knows of it and makes the next try wait.
			c.api.log.WarnContext(ctx, "Jobber refused a query for its limits", "account", c.account, "op", req.OpName, "kind", failure.Kind)
			if try >= throttledTries {
				return failure
			}
		default:
			return failure
		}
	}
}

// unauthorized is the refusal of one access token; it becomes Unauthenticated when a fresh one is refused too.
const unauthorized Kind = "unauthorized"

// try reserves, sends, settles and reads the reply.
func (c *call) try(ctx context.Context, req *graphql.Request, resp *graphql.Response, estimate float64) *Error {
	token := c.token
	if token == nil {
		t, err := c.api.tokens.get(ctx, req.OpName, c.account)
		if err != nil {
			return asError(err)
		}
		token = &t
	}
	c.sent = *token
	ticket := rand.Text()
	requested := c.api.prices.of(req.OpName, estimate)
	if err := c.reserve(ctx, req.OpName, ticket, requested); err != nil {
		return err
	}
	c.fetchedAt = c.api.clock.Now()
	rep, failure := c.api.post(ctx, c.sent, req)
	receipt := Receipt{Account: c.account, Ticket: ticket, Charge: requested}
	if rep.cost != nil {
		c.cost = *rep.cost
		receipt.Status, receipt.Charge = rep.cost, rep.cost.Actual
		c.api.prices.learn(req.OpName, estimate, rep.cost.Requested)
	}
	if failure != nil {
		switch failure.Kind {
		case RateLimited:
			receipt.Charge, receipt.Block = 0, failure.RetryAfter
		case Throttled:
			receipt.Charge, receipt.Throttled = 0, true
			if rep.cost == nil {
				receipt.Block = time.Second // it tells nothing to plan by
			}
			failure = c.throttled(failure)
		case Transient:
		default:
			if rep.cost == nil {
				receipt.Charge = 0 // it was refused before it ran
			}
		}
	}
	if err := c.api.budget.Settle(ctx, receipt); err != nil {
		c.api.log.WarnContext(ctx, "a query counts as spent in full: settling it failed", "account", c.account, "error", err)
	}
	if failure == nil {
		c.errors = rep.errors
		failure = rep.decode(req.OpName, resp.Data)
		if failure != nil && c.once {
			failure.Kind = Unsure
		}
		return failure
	}
	if c.once && failure.Kind == Transient && !unsent(failure) {
		failure.Kind = Unsure
	}
	return failure
}

// unsent tells whether a request surely did not reach Jobber: there was no connection to send it by.
func unsent(failure *Error) bool {
	var op *net.OpError
	return errors.As(failure.Cause, &op) && op.Op == "dial"
}

// throttled tells a query that can never run from one that came too early.
func (c *call) throttled(failure *Error) *Error {
	if c.cost.Requested > c.cost.MaximumAvailable {
		return &Error{Kind: TooExpensive, Op: failure.Op, Message: failure.Message, Status: failure.Status, Asked: c.cost.Requested}
	}
	if c.cost.RestoreRate > 0 {
		failure.RetryAfter = seconds(max(0, c.cost.Requested-c.cost.CurrentlyAvailable) / c.cost.RestoreRate)
	}
	return failure
}

// reserve waits until the budget allows the query. A wait that would pass the deadline is refused at once.
func (c *call) reserve(ctx context.Context, op, ticket string, cost float64) *Error {
	a := c.api
	if most := a.mostAtOnce(c.account); most > 0 && cost > most {
		return &Error{Kind: TooExpensive, Op: op, Asked: cost}
	}
	for {
		d, err := a.budget.Reserve(ctx, Ask{Account: c.account, Ticket: ticket, Cost: cost, Lane: c.lane})
		if err != nil {
			return &Error{Kind: Transient, Op: op, Message: "the budget", Cause: err}
		}
		a.setMostAtOnce(c.account, d)
		switch d.Verdict {
		case Go:
			return nil
		case NeverAtOnce:
			return &Error{Kind: TooExpensive, Op: op, Asked: cost}
		case Unknown:
			if _, err := a.Account(ctx, c.account); err != nil {
				return asError(err)
			}
			continue
		}
		if left, bounded := timeLeft(ctx); bounded && d.Wait > left {
			c.leave(ctx, ticket)
			return &Error{Kind: Wait, Op: op, RetryAfter: d.Wait}
		}
		if err := a.sleep(ctx, nap(d.Wait)); err != nil {
			c.leave(ctx, ticket)
			return &Error{Kind: Wait, Op: op, RetryAfter: d.Wait, Cause: err}
		}
	}
}

func (c *call) leave(ctx context.Context, ticket string) {
	if err := c.api.budget.Leave(ctx, c.account, ticket); err != nil {
		c.api.log.WarnContext(ctx, "a ticket stays in the budget's line until it is stale", "account", c.account, "error", err)
	}
}

// refusedToken handles a token that Jobber does not accept: the first time it is replaced, the second time, or when Jobber
// says that the connection is over, the connection is broken. again tells to send once more.
func (c *call) refusedToken(ctx context.Context, op string, failure *Error, before bool) (again bool, err error) {
	final := &Error{Kind: Unauthenticated, Op: op, Message: failure.Message, Status: failure.Status}
	if c.token != nil {
		return false, final
	}
	if !before && !isOver(failure.Message) {
		if err := c.api.tokens.refused(ctx, c.account, c.sent); err != nil {
			return false, &Error{Kind: Transient, Op: op, Message: "replacing the token", Cause: err}
		}
		return true, nil
	}
	c.api.tokens.forget(c.account)
	if err := c.api.store.markBroken(ctx, c.account, brokenReason(failure.Message), c.sent.generation); err != nil {
		return false, &Error{Kind: Transient, Op: op, Message: "marking the connection broken", Cause: err}
	}
	return false, final
}

// pause waits before another try, unless the deadline comes first.
func (c *call) pause(ctx context.Context, failure *Error, d time.Duration) error {
	d = max(d, failure.RetryAfter)
	if left, bounded := timeLeft(ctx); bounded && d > left {
		failure.RetryAfter = d
		return failure
	}
	if err := c.api.sleep(ctx, d); err != nil {
		return failure
	}
	return nil
}

// backoff is the wait after a number of tries: doubling from a quarter of a second, and between half of that and all of it
// by chance, so that many callers do not come back together.
func backoff(tries int) time.Duration {
	d := min(250*time.Millisecond<<(tries-1), 8*time.Second)
	return d/2 + mathrand.N(d/2) //nolint:gosec // nobody gains by guessing a pause
}

// timeLeft is what remains of ctx's deadline, which is of the machine's clock.
func timeLeft(ctx context.Context) (time.Duration, bool) {
	deadline, ok := ctx.Deadline()
	return time.Until(deadline), ok
}

func (a *API) mostAtOnce(account string) float64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.maximum[account]
}

func (a *API) setMostAtOnce(account string, d Decision) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if d.Verdict == NeverAtOnce {
		a.maximum[account] = d.Maximum
	} else {
		delete(a.maximum, account)
	}
}
