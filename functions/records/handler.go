package records

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/crew"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/record"
	"fieldboard.dev/fieldboard/shared/session"
)

type handler struct {
	clock    clock.Clock
	accounts *account.Store
	records  *record.Store
	crews    *crew.Reader
}

// Build makes the function. It dials nothing.
func Build(ctx context.Context, in *instance.Instance) (http.Handler, error) {
	verifier, err := session.NewAuthenticator(ctx, in)
	if err != nil {
		return nil, err
	}
	events := event.NewStore(in.Cloud, event.Config{}, in.Log) // reads only: it publishes nothing
	h := &handler{
		clock:    in.Clock,
		accounts: account.NewStore(in.Cloud, in.Clock),
		records:  record.NewStore(in.Cloud, events, in.Clock, in.Log),
	}
	h.crews = crew.NewReader(h.accounts, h.records)
	api, err := session.NewAPI(ctx, in, httpapi.Options{Name: "records", Verifier: verifier})
	if err != nil {
		return nil, err
	}
	serve(api, h, clients)
	serve(api, h, properties)
	serve(api, h, requests)
	serve(api, h, quotes)
	serve(api, h, jobs)
	serve(api, h, visits)
	serve(api, h, invoices)
	serve(api, h, payments)
	serve(api, h, users)
	return api.Handler(), nil
}

// resource is one kind of record as the API shows it: I is the list's input, V what is shown of a record.
type resource[I any, V any] struct {
	collection record.Collection
	singular   string
	needs      account.Permission
	doc        string
	// filters are the stored fields that list may ask to be equal: each needs an index with every sort.
	filters []string
	// list says what the input asks for.
	list func(v view, in *I) (listing, error)
	// names says which other records' names show wants.
	names func(r record.Record, want *names)
	// show turns a record into what is shown of it.
	show func(v view, r record.Record) V
}

// view is from where a request looks: who asks, when, and in which zone.
type view struct {
	account account.Account
	zone    *time.Location
	now     time.Time
	finance bool // may see money
	people  crew.People
	names   *names
}

type listOutput[V any] struct {
	Body httpapi.Page[V]
}

type getInput struct {
	ID string `path:"id" maxLength:"100" doc:"The record's id"`
}

type getOutput[V any] struct {
	Body V
}

// serve registers the list and the single record of a resource.
func serve[I, V any](api *httpapi.API, h *handler, res resource[I, V]) {
	path := "/api/v1/" + string(res.collection)
	httpapi.Register(api, huma.Operation{
		OperationID: "list-" + string(res.collection), Method: http.MethodGet, Path: path, Summary: "List " + string(res.collection), Description: res.doc,
	}, res.listAccess(), func(ctx context.Context, in *I) (*listOutput[V], error) {
		v, err := h.view(ctx)
		if err != nil {
			return nil, err
		}
		page, err := list(ctx, h, res, v, in)
		if err != nil {
			return nil, err
		}
		return &listOutput[V]{Body: page}, nil
	})
	httpapi.Register(api, huma.Operation{
		OperationID: "get-" + res.singular, Method: http.MethodGet, Path: path + "/{id}", Summary: "Get one " + res.singular,
	}, res.getAccess(), func(ctx context.Context, in *getInput) (*getOutput[V], error) {
		v, err := h.view(ctx)
		if err != nil {
			return nil, err
		}
		r, err := h.records.Get(ctx, v.account.ID, res.collection, in.ID)
		if err != nil {
			return nil, err
		}
		if err := h.seen(ctx, v, r); err != nil {
			return nil, err
		}
		shown, err := show(ctx, h, res, v, []record.Record{r})
		if err != nil {
			return nil, err
		}
		return &getOutput[V]{Body: shown[0]}, nil
	})
}

func (h *handler) view(ctx context.Context) (view, error) {
	p := httpapi.PrincipalFrom(ctx)
	acc, err := h.accounts.Account(ctx, p.AccountID)
	if err != nil {
		return view{}, err
	}
	zone, err := time.LoadLocation(acc.TimeZone)
	if err != nil {
		return view{}, fmt.Errorf("account %s: %w", acc.ID, err)
	}
	v := view{account: acc, zone: zone, now: h.clock.Now(), finance: p.Can(account.FinanceRead)}
	v.people, err = h.crews.Of(ctx, p)
	return v, err
}

// money shows an amount to those who may see it.
func (v view) money(cents int64) *int64 {
	if !v.finance {
		return nil
	}
	return &cents
}
