package parts

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

// Firestore is the official Firestore emulator.
func Firestore() Part {
	return Part{
		Name: "Firestore emulator", Port: 8080, Variable: "FIRESTORE_EMULATOR_HOST",
		answers: answersHTTP("/"),
		command: func(ctx context.Context, host, port string) (*exec.Cmd, error) {
			jar, err := sdkFile("cloud-firestore-emulator", "cloud-firestore-emulator.jar")
			if err != nil {
				return nil, err
			}
			root, err := Root()
			if err != nil {
				return nil, err
			}
			// The jar is run without the SDK's wrappers, so that the part is one process that can be ended for certain.
			return exec.CommandContext(ctx, "java", "-Duser.language=en", "-cp", jar,
				"com.google.cloud.datastore.emulator.firestore.CloudFirestore", "start",
				"--host="+host, "--port="+port, "--rules="+filepath.Join(root, "firestore.rules")), nil
		},
	}
}

// PubSub is the official Pub/Sub emulator. It ignores subscription filters, does not order messages, and goes on sending to a
// puller that was killed.
func PubSub() Part {
	return Part{
		Name: "Pub/Sub emulator", Port: 8085, Variable: "PUBSUB_EMULATOR_HOST",
		answers: answersHTTP("/"),
		command: func(ctx context.Context, host, port string) (*exec.Cmd, error) {
			jar, err := sdkFile("pubsub-emulator", filepath.Join("lib", "cloud-pubsub-emulator-*-all.jar"))
			if err != nil {
				return nil, err
			}
			return exec.CommandContext(ctx, "java", "-jar", jar, "--host="+host, "--port="+port), nil
		},
	}
}

// Auth is the Firebase Auth emulator of firebase-tools. A client that signs in with nothing but an API key gets a token of
// project; a privileged call ("Authorization: Bearer owner") may name another one.
func Auth(project string) Part {
	return Part{
		Name: "Firebase Auth emulator", Port: 9099, Variable: "FIREBASE_AUTH_EMULATOR_HOST",
		answers: answersHTTP("/"),
		command: func(ctx context.Context, host, port string) (*exec.Cmd, error) {
			cli, err := toolFile("emulators/tools/node_modules/firebase-tools/lib/bin/firebase.js")
			if err != nil {
				return nil, err
			}
			node, err := onPath("node", "Node.js 20 or later")
			if err != nil {
				return nil, err
			}
			dir, err := firebaseConfig(ctx, host, port)
			if err != nil {
				return nil, err
			}
			cmd := exec.CommandContext(ctx, node, cli, "emulators:start", "--only", "auth", "--project", project)
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), "NO_UPDATE_NOTIFIER=1", "CI=1")
			return cmd, nil
		},
	}
}

// firebaseConfig writes a firebase.json that puts the Auth emulator on host and port and its helpers on free ports, and
// returns the folder that holds it.
func firebaseConfig(ctx context.Context, host, port string) (string, error) {
	number, err := strconv.Atoi(port)
	if err != nil {
		return "", fmt.Errorf("port %q: %w", port, err)
	}
	emulators := map[string]any{
		"auth":              map[string]any{"host": host, "port": number},
		"ui":                map[string]any{"enabled": false},
		"singleProjectMode": false,
	}
	for _, helper := range []string{"hub", "logging"} {
		addr, err := FreeAddress(ctx)
		if err != nil {
			return "", err
		}
		tcp, err := net.ResolveTCPAddr("tcp", addr)
		if err != nil {
			return "", err
		}
		emulators[helper] = map[string]any{"host": host, "port": tcp.Port}
	}
	content, err := json.Marshal(map[string]any{"emulators": emulators})
	if err != nil {
		return "", err
	}
	dir := filepath.Join(os.TempDir(), "fieldboard-firebase-"+port)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	return dir, os.WriteFile(filepath.Join(dir, "firebase.json"), content, 0o600)
}

// Tasks is the Cloud Tasks emulator. It signs OIDC tokens as issuer ("http://127.0.0.1:8126"), where it serves its keys
// under /jwks.
func Tasks(issuer string) Part {
	return Part{
		Name: "Cloud Tasks emulator", Port: 8123, Variable: "CLOUD_TASKS_EMULATOR_HOST",
		answers: answersTCP,
		command: func(ctx context.Context, host, port string) (*exec.Cmd, error) {
			bin, err := toolFile(".local/bin/cloud-tasks-emulator")
			if err != nil {
				return nil, err
			}
			return exec.CommandContext(ctx, bin, "-host", host, "-port", port, "-openid-issuer", issuer), nil
		},
	}
}

// Storage is an emulator of Cloud Storage that keeps objects in memory.
func Storage() Part {
	return Part{
		Name: "Cloud Storage emulator", Port: 9199, Variable: "STORAGE_EMULATOR_HOST",
		answers: answersHTTP("/_internal/healthcheck"),
		command: func(ctx context.Context, host, port string) (*exec.Cmd, error) {
			bin, err := toolFile(".local/bin/fake-gcs-server")
			if err != nil {
				return nil, err
			}
			return exec.CommandContext(ctx, bin, "-backend", "memory", "-scheme", "http", "-host", host, "-port", port,
				"-public-host", net.JoinHostPort(host, port), "-log-level", "warn"), nil
		},
	}
}

// Mail is maildev, an SMTP server that delivers to nobody: what it takes is shown on a page, and by a REST interface below
// /api/email, at web ("127.0.0.1:1080").
func Mail(web string) Part {
	return Part{
		Name: "Mail server", Port: 1025, Variable: "MAIL_EMULATOR_HOST",
		answers: answersTCP,
		command: func(ctx context.Context, host, port string) (*exec.Cmd, error) {
			cli, err := toolFile("emulators/tools/node_modules/maildev/dist/bin/maildev.js")
			if err != nil {
				return nil, err
			}
			node, err := onPath("node", "Node.js 20 or later")
			if err != nil {
				return nil, err
			}
			webHost, webPort, err := net.SplitHostPort(web)
			if err != nil {
				return nil, err
			}
			return exec.CommandContext(ctx, node, cli, "--ip", host, "--smtp", port, "--web-ip", webHost, "--web", webPort, "--max-emails", "1000"), nil
		},
	}
}

// Redis is a Redis server that keeps nothing on disk. Its clients take a URL, not an address: see RedisURL.
func Redis() Part {
	return Part{
		Name: "Redis", Port: 6379, Variable: "REDIS_URL",
		answers: answersTCP,
		command: func(ctx context.Context, host, port string) (*exec.Cmd, error) {
			bin, err := onPath("redis-server", "the package redis-server")
			if err != nil {
				return nil, err
			}
			return exec.CommandContext(ctx, bin, "--bind", host, "--port", port, "--save", "", "--appendonly", "no"), nil
		},
	}
}

// RedisURL returns the URL of a Redis server's first database.
func RedisURL(addr string) string { return "redis://" + addr + "/0" }
