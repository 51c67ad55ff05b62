package security_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"fieldboard.dev/fieldboard/emulators/demo"
	"fieldboard.dev/fieldboard/tests/harness"
)

// Who may call what, written out: by the operations, not by their permissions, so that a changed declaration must be meant.
const (
	everyone = "owner admin dispatcher technician viewer"
	key      = " key"                          // an API key that was given all that a key can be given; made by the owner
	office   = "owner admin dispatcher viewer" // those who see the whole business
	money    = "owner admin"
	seen     = "owner admin dispatcher" // see who is a member
	owners   = "owner"
	public   = "public"
	worker   = "worker" // a member's token is worth nothing there
)

var mayCall = map[string]string{
	"sign-in": public, "refresh-session": public, "sign-out": public, "get-config": public, "get-jwks": public,
	"receive-jobber-webhook": public, "look-up-invitation": public, "accept-invitation": public, "get-event-schemas": public, "get-event-keys": public,

	"get-me": everyone, "list-sessions": everyone, "name-session": everyone, "end-session": everyone, "end-other-sessions": everyone,
	"get-account": everyone, "list-roles": everyone,
	"get-summary": everyone + key, "get-sync": everyone + key, "get-jobber-connection": everyone + key,
	"list-visits": everyone + key, "get-visit": everyone + key, "get-job": everyone + key, "get-client": everyone + key, "get-property": everyone + key,

	"list-activity": office + key, "list-clients": office + key, "list-properties": office + key, "list-requests": office + key, "get-request": office + key,
	"list-quotes": office + key, "get-quote": office + key, "list-jobs": office + key, "list-users": office + key, "get-user": office + key,
	"list-invoices": money + key, "get-invoice": money + key, "list-payments": money + key, "get-payment": money + key,

	"list-members": seen + key, "get-member": seen + key,
	"change-member": money, "remove-member": money, "list-member-sessions": money, "end-member-sessions": money, "end-member-session": money,
	"list-invitations": money, "invite-member": money, "renew-invitation": money, "revoke-invitation": money,
	"search-audit-events": money + key, "get-audit-checkpoint": money + key, "prove-audit-event": money + key, "prove-audit-consistency": money + key,
	"list-live-connections": money, "get-live-status": money, "end-live-connection": money, "end-member-connections": money,
	"list-schedules": seen, "get-schedule": seen, "create-schedule": seen, "change-schedule": seen, "run-schedule": seen, "delete-schedule": seen,
	"preview-schedule": seen,

	"list-api-keys": money, "create-api-key": money, "rotate-api-key": money, "revoke-api-key": money,

	"create-audit-export": money, "list-audit-exports": money, "get-audit-export": money, "cancel-audit-export": money, "download-audit-export": money,
	"create-audit-replay": money, "list-audit-replays": money, "get-audit-replay": money, "cancel-audit-replay": money,
	"create-audit-erasure": owners, "list-audit-erasures": owners, "get-audit-erasure": owners, "cancel-audit-erasure": owners,

	"list-tasks": seen + key, "get-task": seen + key, "list-task-kinds": seen + key,
	"get-task-payload": money, "edit-task": money, "cancel-task": money, "retry-task": money, "replay-tasks": money,
	"create-batch": seen + key, "upload-batch": seen + key, "get-batch-template": seen + key, "list-batches": seen + key, "get-batch": seen + key,
	"list-batch-rows": seen + key, "start-batch": seen + key, "stop-batch": seen + key, "retry-batch": seen + key, "discard-batch": seen + key,
	"download-batch-results": seen + key,

	"pause-task-kind": money, "resume-task-kind": money,

	"list-report-kinds": office + key, "list-reports": office + key, "get-report": office + key, "download-report": office + key,
	"create-report": seen + key, "cancel-report": seen + key, "rerun-report": seen + key, "delete-report": seen + key, "link-report": seen + key,
	"download-linked-report": public,

	"authorize-jobber": owners, "connect-jobber": owners, "disconnect-jobber": owners,
	"change-account": owners, "transfer-ownership": owners,

	"fire-schedule": worker, "tend-schedules": worker,
	"relay-events": worker, "run-sync": worker, "schedule-sync": worker, "seal-events": worker, "tell-due": worker, "work-trail": worker, "tidy-trail": worker, "work-reports": worker, "tend-tasks": worker, "work-email": worker, "work-batches": worker,
}

// Every operation answers each role as the table says, and nobody as it must. The requests name things that do not exist and
// have no bodies, so whoever may call learns that, and nothing changes.
func TestWhoMayCallWhat(t *testing.T) {
	t.Parallel()
	stack := harness.New(t, harness.Options{})
	clients := map[string]*demo.Client{}
	for _, role := range strings.Fields(everyone) {
		client, err := demo.SignIn(t.Context(), stack.URL, stack.Auth, role+"@demo.fieldboard.test")
		if err != nil {
			t.Fatal(err)
		}
		clients[role] = client
	}
	all := `{"name":"x","permissions":["summary:read","record:read","finance:read","sync:manage","member:read","security:read","task:read","batch:run","report:read","report:make"]}`
	clients["key"] = &demo.Client{AccessToken: makeKey(t, stack, "owner", all).Secret}
	left := maps.Clone(mayCall)
	for _, o := range stack.Operations() {
		who, known := left[o.ID]
		delete(left, o.ID)
		if !known {
			t.Errorf("%s (%s) is not in the table: say who may call it", o.ID, o.Access)
			continue
		}
		if (who == public) != (o.Access == "public") || (who == worker) != (o.Access == "worker") {
			t.Errorf("%s declares %q, the table says %q", o.ID, o.Access, who)
		}
		if who == public {
			continue
		}
		base := stack.URL
		if who == worker {
			base = stack.Functions[o.Function] // the gateway leads to no worker
		}
		path := strings.NewReplacer("{id}", "nobody", "{sid}", "nobody").Replace(o.Path)
		if got := tryAt(t, base, attempt{name: o.ID, method: o.Method, path: path}).status; got != http.StatusUnauthorized {
			t.Errorf("%s answers nobody with %d, want 401", o.ID, got)
		}
		for role, client := range clients {
			got := tryAt(t, base, attempt{name: o.ID, method: o.Method, path: path, token: client.AccessToken}).status
			switch allowed := slices.Contains(strings.Fields(who), role); {
			case role == "key" && !o.Keys && got != http.StatusUnauthorized:
				t.Errorf("%s is for sessions alone and answers a key with %d, want 401", o.ID, got)
			case role == "key" && !o.Keys && !allowed: // as it must
			case who == worker && got != http.StatusUnauthorized:
				t.Errorf("%s answers the %s with %d, want 401", o.ID, role, got)
			case who != worker && !allowed && got != http.StatusForbidden:
				t.Errorf("%s answers the %s with %d, want 403", o.ID, role, got)
			case allowed && (got == http.StatusUnauthorized || got == http.StatusForbidden || got >= http.StatusInternalServerError):
				t.Errorf("%s answers the %s with %d, want them let in", o.ID, role, got)
			}
		}
	}
	for id := range left {
		t.Errorf("%s is in the table and is no operation", id)
	}
}
