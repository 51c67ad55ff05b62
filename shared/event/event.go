// Package event is what happened in an account that is worth telling. An event is stored in the transaction of the
// change it tells, so that it is outbox entry, audit record and replay source in one, and published after the commit.
package event

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// Audience says who may see an event.
type Audience string

// The audiences.
const (
	Operations Audience = "operations" // those who see the whole business's records
	Finance    Audience = "finance"    // those with finance:read
	Security   Audience = "security"   // those with security:read
	Personal   Audience = "personal"   // the one member whom the event names
)

func (a Audience) exists() bool {
	return a == Operations || a == Finance || a == Security || a == Personal
}

// The types that are told of no single record. A record's types are <entity>.created, .updated, .deleted and the ones
// that package record names.
const (
	SyncProgress       = "sync.progress"
	SyncCompleted      = "sync.completed"
	SyncFailed         = "sync.failed"
	HealthDegraded     = "health.degraded"
	HealthRecovered    = "health.recovered"
	JobberConnected    = "jobber.connected"
	JobberDisconnected = "jobber.disconnected"
	BatchStarted       = "batch.started"
	BatchFinished      = "batch.finished"
	TaskProgress       = "task.progress" // passed on, not kept
	TaskCompleted      = "task.completed"
	TaskFailed         = "task.failed" // for good: a dead letter
	TaskCancelled      = "task.cancelled"
	SignedIn           = "security.signed_in"
	SignInFailed       = "security.sign_in_failed" // of a member: who else tries belongs to no account that could be told
	RefreshReused      = "security.refresh_reused"
	LimitTightened     = "security.limit_tightened"
	ExportMade         = "security.export_made"
	ReportMade         = "security.report_made"
	EventsReplayed     = "security.events_replayed"
	PersonErased       = "security.person_erased"
	EventsExpired      = "security.events_expired"
	AuditRead          = "security.audit_read"
	SessionEnded       = "security.session_ended"    // by somebody, not by time or by signing out
	ConnectionEnded    = "security.connection_ended" // likewise; its session goes on
	ScheduleCreated    = "schedule.created"
	ScheduleChanged    = "schedule.changed"
	SchedulePaused     = "schedule.paused"
	ScheduleResumed    = "schedule.resumed"
	ScheduleDeleted    = "schedule.deleted"
)

// Event is one thing that happened.
type Event struct {
	ID          string
	Account     string
	Type        string
	Audience    Audience
	Collection  string // of the record that it is about; empty when it is about none
	EntityID    string
	Title       string // what it is about, for a person
	Detail      string // more of it: the client's name
	AmountCents *int64 // only with audience Finance
	Member      string // whom it is about; with audience Personal also whom alone it is for
	Actor       string // who did it; empty when nobody did
	Time        time.Time
	Audit       Audit // not published
}

// New returns an event for everyone in the account, with an id of its own.
func New(account, typ string, at time.Time) Event {
	return Event{ID: rand.Text(), Account: account, Type: typ, Audience: Operations, Time: at.UTC()}
}

// Digest is a part of an id that says what happened: always the same of the same texts, in the characters that an id may have.
func Digest(texts ...string) string {
	sum := sha256.New()
	for _, text := range texts {
		fmt.Fprintf(sum, "%d:%s,", len(text), text)
	}
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

// Envelope is an event in CloudEvents 1.0's structured JSON form.
// https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
type Envelope struct {
	SpecVersion     string    `json:"specversion" enum:"1.0"`
	ID              string    `json:"id"`
	Source          string    `json:"source" doc:"//fieldboard/accounts/{account}"`
	Type            string    `json:"type" doc:"What happened, such as visit.completed"`
	Subject         string    `json:"subject,omitempty" doc:"{collection}/{id} of the record"`
	Time            time.Time `json:"time"`
	DataContentType string    `json:"datacontenttype" enum:"application/json"`
	DataSchema      string    `json:"dataschema,omitempty" doc:"urn:fieldboard:event:{type}:{version}; the schemas are at /api/events/schema"`
	Replayed        bool      `json:"replayed,omitempty" doc:"Sent again, long after it happened: read again what it touches. It is no news."`
	Data            Data      `json:"data"`
}

// Data is the envelope's payload.
type Data struct {
	Account     string   `json:"account"`
	Audience    Audience `json:"audience" enum:"operations,finance,security,personal"`
	Collection  string   `json:"collection,omitempty"`
	ID          string   `json:"id,omitempty"`
	Title       string   `json:"title,omitempty"`
	Detail      string   `json:"detail,omitempty"`
	AmountCents *int64   `json:"amountCents,omitempty"`
	Member      string   `json:"member,omitempty" doc:"The id of the member whom it is about"`
	Actor       string   `json:"actor,omitempty" doc:"The id of the member who did it"`
}

// Envelope returns the event's envelope.
func (e Event) Envelope() Envelope {
	env := Envelope{
		SpecVersion: "1.0", ID: e.ID, Source: sourcePrefix + e.Account, Type: e.Type, Time: e.Time.UTC(), DataContentType: "application/json",
		Data: Data{
			Account: e.Account, Audience: e.Audience, Collection: e.Collection, ID: e.EntityID, Title: e.Title, Detail: e.Detail,
			AmountCents: e.AmountCents, Member: e.Member, Actor: e.Actor,
		},
	}
	if t, known := TypeOf(e.Type); known {
		env.DataSchema = t.Schema()
	}
	if e.Collection != "" {
		env.Subject = e.Collection + "/" + e.EntityID
	}
	return env
}

const sourcePrefix = "//fieldboard/accounts/"

// MarshalJSON writes the envelope.
func (e Event) MarshalJSON() ([]byte, error) { return json.Marshal(e.Envelope()) }

// UnmarshalJSON reads an envelope; one that is not a Fieldboard event is an error.
func (e *Event) UnmarshalJSON(b []byte) error {
	var env Envelope
	if err := json.Unmarshal(b, &env); err != nil {
		return err
	}
	switch {
	case env.SpecVersion != "1.0":
		return fmt.Errorf("event: specversion %q is not 1.0", env.SpecVersion)
	case env.ID == "" || env.Type == "":
		return fmt.Errorf("event: id and type are required")
	case env.Data.Account == "" || env.Source != sourcePrefix+env.Data.Account:
		return fmt.Errorf("event: source %q is not of account %q", env.Source, env.Data.Account)
	case !env.Data.Audience.exists():
		return fmt.Errorf("event: there is no audience %q", env.Data.Audience)
	case env.Data.Audience == Personal && env.Data.Member == "":
		return fmt.Errorf("event: a personal event names no member")
	}
	*e = Event{
		ID: env.ID, Account: env.Data.Account, Type: env.Type, Audience: env.Data.Audience, Collection: env.Data.Collection,
		EntityID: env.Data.ID, Title: env.Data.Title, Detail: env.Data.Detail, AmountCents: env.Data.AmountCents,
		Member: env.Data.Member, Actor: env.Data.Actor, Time: env.Time,
	}
	return nil
}
