// Package settings makes the environment of every function and of the realtime service on one machine. In the cloud the
// same variables come from Terraform and Secret Manager.
package settings

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"fieldboard.dev/fieldboard/shared/event/ledger/evidence"
	"fieldboard.dev/fieldboard/shared/manifest"
)

// Location is the region that everything on one machine says it is in.
const Location = "us-central1"

// Invoker is the service account that calls workers on one machine.
const Invoker = "invoker@demo-fieldboard.iam.gserviceaccount.com"

// Stack says where the parts of one running product are.
type Stack struct {
	Project     string
	PublicURL   string // the gateway's: "http://127.0.0.1:5000"
	RealtimeURL string // "ws://127.0.0.1:8090/connection/websocket"
	RedisURL    string
	RedisPrefix string
	SMTPURL     string // empty where no mail is sent

	FirestoreHost string // "127.0.0.1:8080", as the next ones
	PubSubHost    string
	AuthHost      string
	StorageHost   string
	TasksHost     string
	SchedulerHost string

	Functions map[string]string // the address of each function, by name
	Workers   map[string]string // the function that each queue delivers to
	// A worker that a queue calls verifies tokens of one issuer, a worker that is called by schedule those of another.
	QueueIssuer    Issuer
	ScheduleIssuer Issuer

	Provider    Provider
	Jobber      Jobber
	SyncSlice   time.Duration // of one sync task; zero means the product's default
	LimitFactor float64       // times the rate limits; zero means the product's default
	MoreOrigins string        // further origins that may open a WebSocket, separated by commas
	Secrets     Secrets
}

// Issuer signs OIDC tokens.
type Issuer struct {
	URL  string
	Keys string // where its JSON Web Key Set is
}

// Provider is the OpenID provider that stands in for Google.
type Provider struct {
	AuthorizeURL string // "http://127.0.0.1:7072/authorize"; empty where people sign in by password alone
	Name         string
	ClientID     string
}

// setting is the list with this provider alone.
func (p Provider) setting() (string, error) {
	list, err := json.Marshal([]map[string]string{{
		"id": "google.com", "name": p.Name, "authorizationUrl": p.AuthorizeURL, "clientId": p.ClientID,
	}})
	return string(list), err
}

// Jobber says where Jobber is and what it allows.
type Jobber struct {
	URL           string // "http://127.0.0.1:7070"
	ClientID      string
	Version       string
	RequestLimit  int
	RequestWindow time.Duration
}

// Secrets are what Secret Manager keeps in the cloud.
type Secrets struct {
	SessionSigningKey  string // PEM, PKCS #8, P-256
	TokenEncryptionKey string // base64 of 32 bytes
	JobberClientSecret string
	ReportLinkKey      string // base64 of 32 bytes
	EventSigningKey    string // PEM, PKCS #8, Ed25519
	EventPublicKeys    string // what is public of it, as verifiers read it
}

// NewSecrets makes secrets for one run.
func NewSecrets() (Secrets, error) {
	session, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Secrets{}, err
	}
	sessionKey, err := keyText(session)
	if err != nil {
		return Secrets{}, err
	}
	public, seal, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return Secrets{}, err
	}
	sealKey, err := keyText(seal)
	if err != nil {
		return Secrets{}, err
	}
	publicKey, err := evidence.PublicKey(public)
	if err != nil {
		return Secrets{}, err
	}
	var random [96]byte
	rand.Read(random[:]) // never fails
	return Secrets{
		SessionSigningKey:  sessionKey,
		TokenEncryptionKey: base64.StdEncoding.EncodeToString(random[:32]),
		JobberClientSecret: hex.EncodeToString(random[32:64]),
		ReportLinkKey:      base64.StdEncoding.EncodeToString(random[64:]),
		EventSigningKey:    sealKey,
		EventPublicKeys:    publicKey,
	}, nil
}

func keyText(key any) (string, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", err
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), nil
}

// Function returns the environment of a function: what all share, its own, and the secrets that the manifest gives it.
func (s *Stack) Function(f manifest.Function) (map[string]string, error) {
	env := s.common()
	if f.Callers == manifest.Invoker {
		issuer := s.QueueIssuer
		if f.ByScheduler() {
			issuer = s.ScheduleIssuer
		}
		maps.Copy(env, map[string]string{
			"OIDC_ISSUER":   issuer.URL,
			"OIDC_JWKS_URL": issuer.Keys,
			"OIDC_AUDIENCE": s.Functions[f.Name],
		})
	}
	if f.Name == "session" && s.Provider.AuthorizeURL != "" {
		list, err := s.Provider.setting()
		if err != nil {
			return nil, err
		}
		env["SIGN_IN_PROVIDERS"] = list
	}
	return env, s.addSecrets(env, f.Deployable)
}

// Service returns the environment of the realtime service.
func (s *Stack) Service(service manifest.Service) (map[string]string, error) {
	env := s.common()
	if s.MoreOrigins != "" {
		env["REALTIME_ALLOWED_ORIGINS"] = s.MoreOrigins
	}
	return env, s.addSecrets(env, service.Deployable)
}

// workers is the setting that tells where each queue delivers to.
func (s *Stack) workers() string {
	var all []string
	for _, queue := range slices.Sorted(maps.Keys(s.Workers)) {
		all = append(all, queue+"="+s.Functions[s.Workers[queue]])
	}
	return strings.Join(all, ",")
}

func (s *Stack) common() map[string]string {
	env := map[string]string{
		"GOOGLE_CLOUD_PROJECT":        s.Project,
		"LOCATION":                    Location,
		"PUBLIC_URL":                  s.PublicURL,
		"REALTIME_URL":                s.RealtimeURL,
		"REDIS_URL":                   s.RedisURL,
		"REDIS_PREFIX":                s.RedisPrefix,
		"FIRESTORE_EMULATOR_HOST":     s.FirestoreHost,
		"PUBSUB_EMULATOR_HOST":        s.PubSubHost,
		"FIREBASE_AUTH_EMULATOR_HOST": s.AuthHost,
		"CLOUD_TASKS_EMULATOR_HOST":   s.TasksHost,
		"SCHEDULER_EMULATOR_HOST":     s.SchedulerHost,
		"STORAGE_EMULATOR_HOST":       s.StorageHost,
		"FIREBASE_API_KEY":            "local",
		"FIREBASE_AUTH_DOMAIN":        s.Project + ".firebaseapp.com",
		"FIREBASE_AUTH_EMULATOR_URL":  "http://" + s.AuthHost,
		"JOBBER_CLIENT_ID":            s.Jobber.ClientID,
		"JOBBER_AUTHORIZE_URL":        s.Jobber.URL + "/api/oauth/authorize",
		"JOBBER_TOKEN_URL":            s.Jobber.URL + "/api/oauth/token",
		"JOBBER_GRAPHQL_URL":          s.Jobber.URL + "/api/graphql",
		"JOBBER_GRAPHQL_VERSION":      s.Jobber.Version,
		"JOBBER_REQUEST_LIMIT":        strconv.Itoa(s.Jobber.RequestLimit),
		"JOBBER_REQUEST_WINDOW":       s.Jobber.RequestWindow.String(),
		"SYNC_WORKER_URL":             s.Functions["runsync"],
		"SYNC_QUEUE":                  "sync",
		"TRAIL_WORKER_URL":            s.Functions["worktrail"],
		"TRAIL_QUEUE":                 "trail",
		"SCHEDULES_TARGET_URL":        s.Functions["fireschedule"],
		"EXPORTS_BUCKET":              manifest.Bucket{Name: "exports"}.In(s.Project),
		"REPORTS_BUCKET":              manifest.Bucket{Name: "reports"}.In(s.Project),
		"TASK_WORKERS":                s.workers(),
		"TASKS_BUCKET":                manifest.Bucket{Name: "tasks"}.In(s.Project),
		"TASKS_INVOKER":               Invoker,
		"EVENTS_TOPIC":                "events",
		"WEBHOOKS_TOPIC":              "jobber-webhooks",
		"EVENTS_SUBSCRIPTION":         "realtime",
		"EVENT_PUBLIC_KEYS":           s.Secrets.EventPublicKeys,
		"TRUSTED_PROXIES":             "1", // the gateway
		"MAIL_FROM":                   "Fieldboard <no-reply@fieldboard.test>",
	}
	if s.SyncSlice != 0 {
		env["SYNC_SLICE"] = s.SyncSlice.String()
	}
	if s.LimitFactor != 0 {
		env["RATE_LIMIT_FACTOR"] = strconv.FormatFloat(s.LimitFactor, 'g', -1, 64)
	}
	return env
}

func (s *Stack) addSecrets(env map[string]string, d manifest.Deployable) error {
	all := map[string]string{
		"SESSION_SIGNING_KEY":  s.Secrets.SessionSigningKey,
		"TOKEN_ENCRYPTION_KEY": s.Secrets.TokenEncryptionKey,
		"JOBBER_CLIENT_SECRET": s.Secrets.JobberClientSecret,
		"REPORT_LINK_KEY":      s.Secrets.ReportLinkKey,
		"EVENT_SIGNING_KEY":    s.Secrets.EventSigningKey,
		"SMTP_URL":             s.SMTPURL, // it has a password where it is not ours
	}
	for _, name := range d.Secrets {
		value, ok := all[name]
		if !ok {
			return fmt.Errorf("%s: no value for the secret %s", d.Name, name)
		}
		env[name] = value
	}
	return nil
}
