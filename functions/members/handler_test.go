package members_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"firebase.google.com/go/v4/auth"
	"github.com/google/go-cmp/cmp"
	"github.com/sethvargo/go-envconfig"

	function "fieldboard.dev/fieldboard/functions/members"
	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/httpapi"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/session"
	"fieldboard.dev/fieldboard/shared/telemetry"
	"fieldboard.dev/fieldboard/tests/emulator"
)

const publicURL = "http://fieldboard.test"

// stack is the function on emulators, in a project of its own, with a business whose members are called by their roles, and
// another one that rival owns.
type stack struct {
	*instance.Instance
	handler  http.Handler
	clock    *clock.Manual
	project  string
	sessions *session.Service
	accounts *account.Store
	log      *buffer
	domain   string // of the addresses: all tests share one mail server

	mu     sync.Mutex
	tokens map[string]string
}

type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func newStack(t *testing.T, settings ...string) *stack {
	t.Helper()
	emulator.Firestore(t)
	emulator.Auth(t)
	emulator.PubSub(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	s := &stack{clock: clock.NewManual(time.Now()), project: emulator.Project(t), log: &buffer{}, tokens: map[string]string{}}
	s.domain = s.project + ".test"
	env := map[string]string{
		"GOOGLE_CLOUD_PROJECT": s.project, "REDIS_URL": emulator.Redis(t), "REDIS_PREFIX": emulator.Prefix(t), "RATE_LIMIT_FACTOR": "1000",
		"PUBLIC_URL": publicURL, "SESSION_SIGNING_KEY": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
		"SMTP_URL": "smtp://" + emulator.Mail(t), "MAIL_FROM": "Fieldboard <no-reply@fieldboard.test>",
	}
	for i := 0; i < len(settings); i += 2 {
		env[settings[i]] = settings[i+1]
	}
	s.Instance, err = instance.New(t.Context(), envconfig.MapLookuper(env), s.clock, instance.Logger(s.log))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Cloud.Close(); err != nil {
			t.Error(err)
		}
	})
	if s.handler, err = function.Build(t.Context(), s.Instance); err != nil {
		t.Fatal(err)
	}
	if s.sessions, err = session.NewService(t.Context(), s.Instance); err != nil {
		t.Fatal(err)
	}
	client, err := s.Cloud.PubSub(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	topic := &pubsubpb.Topic{Name: "projects/" + s.project + "/topics/events"}
	if _, err := client.TopicAdminClient.CreateTopic(t.Context(), topic); err != nil {
		t.Fatal(err)
	}
	s.seed(t)
	return s
}

func (s *stack) seed(t *testing.T) {
	t.Helper()
	s.accounts = account.NewStore(s.Cloud, s.clock)
	for id, owner := range map[string]string{"acc_prairie": "owner", "acc_harbour": "rival"} {
		a := account.Account{ID: id, Name: "Prairie & Sons", Currency: "USD", TimeZone: "America/Denver"}
		if _, err := s.accounts.Create(t.Context(), a, s.person(owner, account.Owner)); err != nil {
			t.Fatal(err)
		}
		s.user(t, owner)
	}
	for _, r := range account.Roles[1:] {
		if err := s.accounts.AddMember(t.Context(), "acc_prairie", s.person(string(r), r)); err != nil {
			t.Fatal(err)
		}
		s.user(t, string(r))
	}
}

func (s *stack) person(uid string, r account.Role) account.Member {
	return account.Member{
		UserID: uid, Email: telemetry.Personal(s.email(uid)), Name: telemetry.Personal("Name of " + uid), Role: r, Status: account.Active,
	}
}

func (s *stack) email(uid string) string { return uid + "@" + s.domain }

func (s *stack) user(t *testing.T, uid string) {
	t.Helper()
	emulator.CreateUser(t, s.project, uid, s.email(uid), "correct-horse")
}

func (s *stack) idToken(t *testing.T, uid string) string {
	t.Helper()
	return emulator.SignIn(t, s.project, s.email(uid), "correct-horse")
}

// token returns an access token of a member's session, the same one each time.
func (s *stack) token(t *testing.T, uid string) string {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if known, ok := s.tokens[uid]; ok {
		return known
	}
	grant, err := s.sessions.SignIn(t.Context(), s.idToken(t, uid), session.Device{})
	if err != nil {
		t.Fatal(err)
	}
	s.tokens[uid] = grant.AccessToken.Reveal()
	return s.tokens[uid]
}

type answer struct {
	status int
	header http.Header
	body   string
}

// call sends a request as a member; as nobody when who is empty. headers are names and values.
func (s *stack) call(t *testing.T, who, method, path, body string, headers ...string) answer {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, publicURL+path, strings.NewReader(body))
	if who != "" {
		r.Header.Set("Authorization", "Bearer "+s.token(t, who))
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return answer{w.Code, w.Header(), w.Body.String()}
}

func into[T any](t *testing.T, a answer, status int) T {
	t.Helper()
	var v T
	if a.status != status {
		t.Fatalf("got %d %s, want %d", a.status, a.body, status)
	}
	d := json.NewDecoder(strings.NewReader(a.body))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v: %s", err, a.body)
	}
	return v
}

func (a answer) wantStatus(t *testing.T, status int) {
	t.Helper()
	if a.status != status {
		t.Errorf("got %d %s, want %d", a.status, a.body, status)
	}
}

func (a answer) wantProblem(t *testing.T, code problem.Code, fields ...string) {
	t.Helper()
	p := into[httpapi.Problem](t, a, problem.Status(code))
	if p.Code != code {
		t.Errorf("got %s, want %s", a.body, code)
	}
	var got []string
	for _, f := range p.Errors {
		got = append(got, f.Location)
	}
	slices.Sort(got)
	if diff := cmp.Diff(fields, got); diff != "" {
		t.Errorf("fields (-want +got):\n%s\n%s", diff, a.body)
	}
}

func TestWhoMayCall(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	// What each would answer to somebody who may, where that is not 403.
	operations := []struct {
		method, path, body string
		may                []account.Role
	}{
		{"GET", "/api/v1/members", "", []account.Role{account.Owner, account.Admin, account.Dispatcher}},
		{"GET", "/api/v1/members/owner", "", []account.Role{account.Owner, account.Admin, account.Dispatcher}},
		{"PATCH", "/api/v1/members/ghost", `{}`, []account.Role{account.Owner, account.Admin}},
		{"DELETE", "/api/v1/members/ghost", "", []account.Role{account.Owner, account.Admin}},
		{"GET", "/api/v1/account", "", account.Roles},
		{"PATCH", "/api/v1/account", `{"settings":{}}`, []account.Role{account.Owner}},
		{"POST", "/api/v1/account/owner", `{"memberId":"ghost"}`, []account.Role{account.Owner}},
		{"GET", "/api/v1/roles", "", account.Roles},
		{"GET", "/api/v1/invitations", "", []account.Role{account.Owner, account.Admin}},
		{"POST", "/api/v1/invitations", `{"email":"viewer@` + s.domain + `","role":"viewer"}`, []account.Role{account.Owner, account.Admin}},
		{"POST", "/api/v1/invitations/none/renewals", "", []account.Role{account.Owner, account.Admin}},
		{"DELETE", "/api/v1/invitations/none", "", []account.Role{account.Owner, account.Admin}},
	}
	for _, op := range operations {
		s.call(t, "", op.method, op.path, op.body).wantProblem(t, problem.Unauthenticated)
		for _, r := range account.Roles {
			a := s.call(t, string(r), op.method, op.path, op.body)
			if got, want := a.status != http.StatusForbidden, slices.Contains(op.may, r); got != want || a.status >= 500 {
				t.Errorf("%s %s as %s: got %d %s, want let in %t", op.method, op.path, r, a.status, a.body, want)
			}
		}
	}
}

func TestMembers(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	var got []string
	for cursor := ""; ; {
		page := into[httpapi.Page[function.Member]](t, s.call(t, "dispatcher", "GET", "/api/v1/members?limit=2&cursor="+cursor, ""), 200)
		for _, m := range page.Items {
			got = append(got, m.ID)
			if m.Current != (m.ID == "dispatcher") {
				t.Errorf("%s is current: %t", m.ID, m.Current)
			}
		}
		if cursor = page.NextCursor; cursor == "" {
			break
		}
	}
	if diff := cmp.Diff([]string{"admin", "dispatcher", "owner", "technician", "viewer"}, got); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
	want := function.Member{ID: "viewer", Name: "Name of viewer", Email: s.email("viewer"), Role: account.Viewer, Status: account.Active}
	if diff := cmp.Diff(want, into[function.Member](t, s.call(t, "owner", "GET", "/api/v1/members/viewer", ""), 200)); diff != "" {
		t.Errorf("member (-want +got):\n%s", diff)
	}
	s.call(t, "owner", "GET", "/api/v1/members/rival", "").wantProblem(t, problem.NotFound)
	s.call(t, "owner", "GET", "/api/v1/members?cursor=%25", "").wantProblem(t, problem.Invalid, "query.cursor")

	changed := into[function.Member](t, s.call(t, "admin", "PATCH", "/api/v1/members/viewer", `{"role":"technician","name":" Vic ","jobberUserId":"User_7"}`), 200)
	want.Role, want.Name, want.JobberUserID = account.Technician, "Vic", "User_7"
	if diff := cmp.Diff(want, changed); diff != "" {
		t.Errorf("changed (-want +got):\n%s", diff)
	}
	s.call(t, "admin", "PATCH", "/api/v1/members/viewer", `{"role":"root","status":"asleep","name":"a\u202eb","jobberUserId":"x","email":"x"}`).
		wantProblem(t, problem.Invalid, "body.email", "body.jobberUserId", "body.name", "body.role", "body.status")
	s.call(t, "admin", "PATCH", "/api/v1/members/owner", `{"name":"X"}`).wantProblem(t, problem.Forbidden)
	s.call(t, "admin", "PATCH", "/api/v1/members/admin", `{"role":"viewer"}`).wantProblem(t, problem.Conflict)
	s.call(t, "owner", "PATCH", "/api/v1/members/viewer", `{"role":"owner"}`).wantProblem(t, problem.Conflict)
	s.call(t, "owner", "DELETE", "/api/v1/members/owner", "").wantProblem(t, problem.Conflict)
}

// Each change of a seat ends what was issued before it, at once.
func TestChangesCountAtOnce(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	self := func(who string) answer { return s.call(t, who, "GET", "/api/v1/roles", "") }
	for _, who := range account.Roles {
		self(string(who)).wantStatus(t, 200)
	}
	s.call(t, "owner", "PATCH", "/api/v1/members/dispatcher", `{"role":"viewer"}`).wantStatus(t, 200)
	self("dispatcher").wantProblem(t, problem.Unauthenticated)
	s.call(t, "owner", "PATCH", "/api/v1/members/technician", `{"status":"disabled"}`).wantStatus(t, 200)
	self("technician").wantProblem(t, problem.Unauthenticated)
	s.call(t, "owner", "DELETE", "/api/v1/members/viewer", "").wantStatus(t, 204)
	self("viewer").wantProblem(t, problem.Unauthenticated)
	s.call(t, "owner", "DELETE", "/api/v1/members/viewer", "").wantProblem(t, problem.NotFound)
	s.call(t, "owner", "POST", "/api/v1/account/owner", `{"memberId":"admin"}`).wantStatus(t, 204)
	self("owner").wantProblem(t, problem.Unauthenticated)
	self("admin").wantProblem(t, problem.Unauthenticated)
	for uid, r := range map[string]account.Role{"owner": account.Admin, "admin": account.Owner} {
		if m, err := s.accounts.Member(t.Context(), "acc_prairie", uid); err != nil || m.Role != r {
			t.Errorf("%s is %s, %v", uid, m.Role, err)
		}
	}
}

func TestAccount(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	want := function.Account{
		ID: "acc_prairie", Name: "Prairie & Sons", TimeZone: "America/Denver", Currency: "USD", Plan: account.StandardPlan, Settings: account.DefaultSettings,
	}
	if diff := cmp.Diff(want, into[function.Account](t, s.call(t, "viewer", "GET", "/api/v1/account", ""), 200)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	want.Settings.RequireVerifiedEmail, want.Settings.Standard.IdleMinutes = true, 60
	changed := s.call(t, "owner", "PATCH", "/api/v1/account", `{"settings":{"requireVerifiedEmail":true,"standard":{"idleMinutes":60}}}`)
	for what, a := range map[string]answer{"answered": changed, "stored": s.call(t, "owner", "GET", "/api/v1/account", "")} {
		if diff := cmp.Diff(want, into[function.Account](t, a, 200)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	s.call(t, "owner", "PATCH", "/api/v1/account", `{"settings":{"privileged":{"idleMinutes":1,"absoluteMinutes":1},"standard":{"idleMinutes":-1}}}`).
		wantProblem(t, problem.Invalid, "body.settings.privileged.absoluteMinutes", "body.settings.privileged.idleMinutes", "body.settings.standard.idleMinutes")
	s.call(t, "owner", "PATCH", "/api/v1/account", `{"settings":{},"name":"X"}`).wantProblem(t, problem.Invalid, "body.name")
}

func TestRoles(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	for who, grantable := range map[string]bool{"owner": true, "admin": true, "viewer": false} {
		var want []function.Role
		for _, r := range account.Roles {
			want = append(want, function.Role{Role: r, Grants: account.GrantsOf(r), Grantable: grantable && r != account.Owner})
		}
		got := into[httpapi.Page[function.Role]](t, s.call(t, who, "GET", "/api/v1/roles", ""), 200)
		if diff := cmp.Diff(want, got.Items); diff != "" {
			t.Errorf("as %s (-want +got):\n%s", who, diff)
		}
	}
}

func (s *stack) invite(t *testing.T, uid string, headers ...string) function.Sent {
	t.Helper()
	return into[function.Sent](t, s.call(t, "admin", "POST", "/api/v1/invitations", `{"email":"`+s.email(uid)+`","role":"technician"}`, headers...), 201)
}

var linkPattern = regexp.MustCompile(regexp.QuoteMeta(publicURL) + `/join#([A-Za-z0-9_-]{43})`)

func tokenOf(t *testing.T, text string) string {
	t.Helper()
	found := linkPattern.FindStringSubmatch(text)
	if found == nil {
		t.Fatalf("no link in %q", text)
	}
	return found[1]
}

func (s *stack) accept(t *testing.T, token, idToken string) answer {
	t.Helper()
	body, err := json.Marshal(map[string]string{"token": token, "idToken": idToken})
	if err != nil {
		t.Fatal(err)
	}
	return s.call(t, "", "POST", "/api/v1/invitations/acceptances", string(body))
}

func (s *stack) lookUp(t *testing.T, token string) answer {
	t.Helper()
	return s.call(t, "", "POST", "/api/v1/invitations/lookups", `{"token":"`+token+`"}`)
}

// newcomer makes a user whose address is not verified.
func (s *stack) newcomer(t *testing.T, uid, email string) string {
	t.Helper()
	client, err := s.Cloud.Auth(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	user := (&auth.UserToCreate{}).UID(uid).Email(email).Password("correct-horse").EmailVerified(false).DisplayName("Nia New")
	if _, err := client.CreateUser(t.Context(), user); err != nil {
		t.Fatal(err)
	}
	return emulator.SignIn(t, s.project, email, "correct-horse")
}

func (s *stack) isVerified(t *testing.T, uid string) bool {
	t.Helper()
	client, err := s.Cloud.Auth(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	user, err := client.GetUser(t.Context(), uid)
	if err != nil {
		t.Fatal(err)
	}
	return user.EmailVerified
}

func TestInvitationByMail(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	sent := into[function.Sent](t, s.call(t, "admin", "POST", "/api/v1/invitations",
		`{"email":" NIA@`+s.domain+`","role":"admin","name":"Nia <b>New</b>"}`), 201)
	want := function.Invitation{
		ID: sent.ID, Email: s.email("nia"), Role: account.Admin, Name: "Nia <b>New</b>", Status: account.Pending, InvitedBy: "Name of admin",
		CreatedAt: sent.CreatedAt, ExpiresAt: sent.CreatedAt.Add(account.InvitationLifetime),
	}
	listed := into[httpapi.Page[function.Invitation]](t, s.call(t, "owner", "GET", "/api/v1/invitations", ""), 200)
	if diff := cmp.Diff([]function.Invitation{want}, listed.Items); diff != "" {
		t.Errorf("listed (-want +got):\n%s", diff)
	}
	if sent.Mailed == nil || !*sent.Mailed {
		t.Fatalf("got %+v, want it mailed", sent)
	}

	letter := emulator.AwaitMail(t, s.email("nia"))
	if letter.From != "Fieldboard no-reply@fieldboard.test" || letter.Subject != "Prairie & Sons invites you to Fieldboard" {
		t.Errorf("got a mail from %q: %q", letter.From, letter.Subject)
	}
	zone, err := time.LoadLocation("America/Denver")
	if err != nil {
		t.Fatal(err)
	}
	ends := sent.ExpiresAt.In(zone).Format("Monday 2 January 2006 at 15:04 MST")
	for part, text := range map[string]string{"text": letter.Text, "HTML": letter.HTML} {
		if !strings.Contains(text, ends) || !strings.Contains(text, "an admin") || !strings.Contains(text, "Name of admin invites you") {
			t.Errorf("the %s says:\n%s", part, text)
		}
	}
	if !strings.Contains(letter.HTML, "Nia &lt;b&gt;New&lt;/b&gt;") || !strings.Contains(letter.HTML, "Join Prairie &amp; Sons") || strings.Count(letter.HTML, "href=") != 1 {
		t.Errorf("the HTML is:\n%s", letter.HTML)
	}
	token := tokenOf(t, letter.Text)
	if tokenOf(t, letter.HTML) != token {
		t.Error("the two parts have two links")
	}
	if token == tokenOf(t, sent.Link) {
		t.Error("the mail has the link that the inviter saw: it proves nothing of the address")
	}

	offer := into[function.Offer](t, s.lookUp(t, token), 200)
	if diff := cmp.Diff(function.Offer{
		AccountName: "Prairie & Sons", Email: s.email("nia"), Role: account.Admin, Name: "Nia <b>New</b>", InvitedBy: "Name of admin", ExpiresAt: sent.ExpiresAt,
	}, offer); diff != "" {
		t.Errorf("offer (-want +got):\n%s", diff)
	}
	idToken := s.newcomer(t, "nia", s.email("nia"))
	for range 2 {
		if got := into[map[string]string](t, s.accept(t, token, idToken), 201); got["accountName"] != "Prairie & Sons" {
			t.Errorf("got %v", got)
		}
	}
	if !s.isVerified(t, "nia") {
		t.Error("the mailed link did not confirm the address")
	}
	// The session starts with the ID token of before: confirming the address ends no sign-in.
	if _, err := s.sessions.SignIn(t.Context(), idToken, session.Device{}); err != nil {
		t.Errorf("the ID token from before: %v", err)
	}
	s.call(t, "nia", "GET", "/api/v1/members", "").wantStatus(t, 200)
	s.lookUp(t, token).wantProblem(t, problem.NotFound)
	if log := s.log.String(); strings.Contains(log, token) || strings.Contains(log, s.domain) || strings.Contains(log, tokenOf(t, sent.Link)) {
		t.Errorf("the log has a token or an address: %s", log)
	}
}

// The inviter sees the shown link, so it does not prove that the address is the user's.
func TestInvitationByTheShownLink(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	token := tokenOf(t, s.invite(t, "nia").Link)
	s.accept(t, token, s.newcomer(t, "other", s.email("other"))).wantProblem(t, problem.Forbidden)
	s.accept(t, token, s.newcomer(t, "nia", s.email("nia"))).wantStatus(t, 201)
	if s.isVerified(t, "nia") {
		t.Error("the shown link confirmed the address")
	}
	s.accept(t, token, s.idToken(t, "other")).wantProblem(t, problem.NotFound)
	m, err := s.accounts.Member(t.Context(), "acc_prairie", "nia")
	if err != nil || m.Name != "Nia New" || m.Role != account.Technician {
		t.Errorf("joined as %+v, %v", m, err)
	}
}

func TestInvitationInput(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.call(t, "admin", "POST", "/api/v1/invitations", `{"email":"x","role":"root","name":"a\nb","jobberUserId":"x","more":1}`).
		wantProblem(t, problem.Invalid, "body.email", "body.jobberUserId", "body.more", "body.name", "body.role")
	s.call(t, "admin", "POST", "/api/v1/invitations", `{"email":"x@example.test","role":"owner"}`).wantProblem(t, problem.Conflict)
	s.call(t, "admin", "POST", "/api/v1/invitations", `{"email":"`+s.email("viewer")+`","role":"viewer"}`).wantProblem(t, problem.Conflict)
	for _, token := range []string{"", "x", strings.Repeat("A", 43), "../accounts/acc_prairie", strings.Repeat("A", 1024)} {
		s.lookUp(t, token).wantProblem(t, problem.NotFound)
		s.accept(t, token, s.idToken(t, "rival")).wantProblem(t, problem.NotFound)
	}
	token := tokenOf(t, s.invite(t, "rival").Link)
	s.accept(t, token, "no.id.token").wantProblem(t, problem.Unauthenticated)
	s.accept(t, token, s.idToken(t, "rival")).wantProblem(t, problem.Conflict)
}

// All tokens that are not good have one answer, but for the request's id.
func TestNothingTellsOneBadTokenFromAnother(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	idToken := s.newcomer(t, "nia", s.email("nia"))
	requestID := regexp.MustCompile(`"requestId":"[^"]*"`)
	answers := map[string][]string{}
	note := func(why, token string) {
		t.Helper()
		for _, a := range []answer{s.lookUp(t, token), s.accept(t, token, idToken)} {
			a.wantStatus(t, 404)
			text := requestID.ReplaceAllString(a.body, "")
			answers[text] = append(answers[text], why)
		}
	}
	note("wrong", strings.Repeat("A", 43))
	first := s.invite(t, "nia")
	renewed := into[function.Sent](t, s.call(t, "owner", "POST", "/api/v1/invitations/"+first.ID+"/renewals", ""), 201)
	note("renewed", tokenOf(t, first.Link))
	s.call(t, "owner", "DELETE", "/api/v1/invitations/"+first.ID, "").wantStatus(t, 204)
	note("withdrawn", tokenOf(t, renewed.Link))
	used := s.invite(t, "zed")
	s.accept(t, tokenOf(t, used.Link), s.newcomer(t, "zed", s.email("zed"))).wantStatus(t, 201)
	note("used", tokenOf(t, used.Link))
	s.call(t, "owner", "POST", "/api/v1/invitations/"+used.ID+"/renewals", "").wantProblem(t, problem.Conflict)
	last := s.invite(t, "nia")
	s.clock.Advance(account.InvitationLifetime)
	note("expired", tokenOf(t, last.Link))
	if len(answers) != 1 {
		t.Errorf("%d answers: %v", len(answers), answers)
	}
}

func TestInvitingAgain(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	first := s.invite(t, "nia", "Idempotency-Key", "k1")
	again := s.invite(t, "nia", "Idempotency-Key", "k1")
	if diff := cmp.Diff(first, again); diff != "" {
		t.Errorf("with the same key (-first +second):\n%s", diff)
	}
	renewed := s.invite(t, "nia", "Idempotency-Key", "k2")
	if renewed.ID != first.ID || renewed.Link == first.Link {
		t.Errorf("with another key: got %+v, want the same invitation with another link", renewed)
	}
	s.lookUp(t, tokenOf(t, first.Link)).wantStatus(t, 404)
	s.lookUp(t, tokenOf(t, renewed.Link)).wantStatus(t, 200)
	path := "/api/v1/invitations/" + first.ID + "/renewals"
	one := into[function.Sent](t, s.call(t, "admin", "POST", path, "", "Idempotency-Key", "k3"), 201)
	two := into[function.Sent](t, s.call(t, "admin", "POST", path, "", "Idempotency-Key", "k3"), 201)
	if one.Link != two.Link || one.Link == renewed.Link {
		t.Errorf("renewed twice with one key: %s and %s after %s", one.Link, two.Link, renewed.Link)
	}
	s.call(t, "admin", "POST", "/api/v1/invitations", `{"email":"x@example.test","role":"viewer"}`, "Idempotency-Key", "k1").
		wantProblem(t, problem.Invalid, "header.Idempotency-Key")
}

func TestAMailThatIsNotSent(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		server string
		mailed *bool
	}{
		"mail is off": {"", nil}, "no server": {"smtp://127.0.0.1:1", new(bool)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStack(t, "SMTP_URL", tt.server)
			sent := s.invite(t, "nia")
			if diff := cmp.Diff(tt.mailed, sent.Mailed); diff != "" {
				t.Errorf("mailed (-want +got):\n%s", diff)
			}
			s.accept(t, tokenOf(t, sent.Link), s.newcomer(t, "nia", s.email("nia"))).wantStatus(t, 201)
		})
	}
}

// Somebody who was removed comes back by an invitation, and their tokens from before stay refused.
func TestBackAfterRemoval(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	before := s.token(t, "viewer")
	s.call(t, "admin", "DELETE", "/api/v1/members/viewer", "").wantStatus(t, 204)
	s.accept(t, tokenOf(t, s.invite(t, "viewer").Link), s.idToken(t, "viewer")).wantStatus(t, 201)
	s.call(t, "viewer", "GET", "/api/v1/roles", "").wantProblem(t, problem.Unauthenticated)
	delete(s.tokens, "viewer")
	s.call(t, "viewer", "GET", "/api/v1/roles", "").wantStatus(t, 200)
	if s.token(t, "viewer") == before {
		t.Error("the token is the one from before")
	}
}

func TestEventsSayWhoDidWhat(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.call(t, "admin", "PATCH", "/api/v1/members/viewer", `{"role":"dispatcher"}`).wantStatus(t, 200)
	s.accept(t, tokenOf(t, s.invite(t, "nia").Link), s.newcomer(t, "nia", s.email("nia"))).wantStatus(t, 201)
	events := event.NewStore(s.Cloud, event.Config{Topic: "events"}, s.Log)
	found, _, err := events.List(t.Context(), "acc_prairie", []event.Audience{event.Security}, event.Position{}, 100)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, e := range found {
		if strings.HasPrefix(e.Type, "member.") {
			got[e.Type] = "by " + e.Actor + " about " + e.Member + ": " + e.Detail
		}
	}
	if diff := cmp.Diff(map[string]string{
		account.MemberRoleChanged: "by admin about viewer: viewer → dispatcher", account.MemberInvited: "by admin about : technician", account.MemberJoined: "by nia about nia: technician",
	}, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestBuildNeedsItsSettings(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	for name, value := range map[string]string{"SMTP_URL": "http://x", "MAIL_FROM": "nobody", "PUBLIC_URL": ""} {
		in, err := instance.New(context.WithoutCancel(t.Context()), envconfig.MultiLookuper(envconfig.MapLookuper(map[string]string{name: value}), s.Lookup), s.clock, instance.Logger(io.Discard))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := function.Build(t.Context(), in); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s=%q: got %v", name, value, err)
		}
	}
}
