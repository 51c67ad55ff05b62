// Package manifest is the list of what is deployed: functions, services, topics, subscriptions and queues. The list itself
// is manifest.yaml; its first lines say what each field means.
package manifest

import (
	"bytes"
	_ "embed"
	"fmt"
	"sync"

	"go.yaml.in/yaml/v3"
)

//go:embed manifest.yaml
var content []byte

// Manifest is the whole list, in the file's order.
type Manifest struct {
	Functions     []Function     `yaml:"functions"`
	Services      []Service      `yaml:"services"`
	Topics        []Topic        `yaml:"topics"`
	Subscriptions []Subscription `yaml:"subscriptions"`
	Queues        []Queue        `yaml:"queues"`
	Buckets       []Bucket       `yaml:"buckets"`
}

// Deployable is what functions and services have in common.
type Deployable struct {
	Name         string   `yaml:"name"`
	Does         string   `yaml:"does"` // one line for a person
	Callers      Callers  `yaml:"callers"`
	Memory       string   `yaml:"memory"`      // "256Mi"
	Timeout      int      `yaml:"timeout"`     // seconds
	Concurrency  int      `yaml:"concurrency"` // requests at once in one instance
	MinInstances int      `yaml:"minInstances"`
	MaxInstances int      `yaml:"maxInstances"`
	Secrets      []string `yaml:"secrets"` // names of environment variables, each filled from a secret
	Roles        []Role   `yaml:"roles"`   // what its own service account may do
}

// Function is one deployed function. Exactly one of Paths, Topic, Queue, Schedule and Jobs is set.
type Function struct {
	Deployable `yaml:",inline"`
	EntryPoint string   `yaml:"entryPoint"` // the name by which it registers itself
	Paths      []string `yaml:"paths"`
	Topic      string   `yaml:"topic"`
	Queue      string   `yaml:"queue"`
	Schedule   string   `yaml:"schedule"`
	Jobs       bool     `yaml:"jobs"` // Cloud Scheduler posts to it by jobs that the product makes
}

// Service is one Cloud Run service; its program is the folder of the same name.
type Service struct {
	Deployable `yaml:",inline"`
}

// Callers says who may connect.
type Callers string

// The two kinds of callers.
const (
	Public  Callers = "public"  // anyone; the code authenticates
	Invoker Callers = "invoker" // the invoker's service account alone, by an OIDC token
)

// Role is a role on one topic, subscription, queue or service account; on the project where none is named.
type Role struct {
	Role           string `yaml:"role"`
	Topic          string `yaml:"topic"`
	Subscription   string `yaml:"subscription"`
	Queue          string `yaml:"queue"`
	Bucket         string `yaml:"bucket"`
	ServiceAccount string `yaml:"serviceAccount"`
}

// Topic is a Pub/Sub topic. A message that a function failed on MaxAttempts times goes to the topic DeadLetter.
type Topic struct {
	Name        string `yaml:"name"`
	DeadLetter  string `yaml:"deadLetter"`
	MaxAttempts int    `yaml:"maxAttempts"`
}

// Subscription is a pull subscription. Those that push to functions follow from the functions' topics.
type Subscription struct {
	Name        string `yaml:"name"`
	Topic       string `yaml:"topic"`
	Ordered     bool   `yaml:"ordered"`
	AckDeadline int    `yaml:"ackDeadline"` // seconds
	Retention   int    `yaml:"retention"`   // seconds
}

// Queue is a Cloud Tasks queue. Backoffs are in seconds.
type Queue struct {
	Name                    string `yaml:"name"`
	MaxDispatchesPerSecond  int    `yaml:"maxDispatchesPerSecond"`
	MaxConcurrentDispatches int    `yaml:"maxConcurrentDispatches"`
	MaxAttempts             int    `yaml:"maxAttempts"`
	MinBackoff              int    `yaml:"minBackoff"`
	MaxBackoff              int    `yaml:"maxBackoff"`
}

// Bucket is a Cloud Storage bucket. Names of buckets are the world's, so its own is the project's id, a dash and Name.
type Bucket struct {
	Name        string `yaml:"name"`
	DeleteAfter int    `yaml:"deleteAfter"` // days after which an object is deleted
}

// In returns the bucket's name in a project.
func (b Bucket) In(project string) string { return project + "-" + b.Name }

// ByScheduler tells whether Cloud Scheduler calls the function.
func (f Function) ByScheduler() bool { return f.Schedule != "" || f.Jobs }

// Load returns the manifest of this build.
var Load = sync.OnceValues(func() (*Manifest, error) { return Parse(content) })

// Parse reads a manifest. Unknown fields and broken rules are errors, all of them at once.
func Parse(yamlContent []byte) (*Manifest, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(yamlContent))
	decoder.KnownFields(true)
	var m Manifest
	if err := decoder.Decode(&m); err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	if err := m.Validate(); err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	return &m, nil
}

// Workers returns the function that each queue delivers to, by the queue's name.
func (m *Manifest) Workers() map[string]string {
	workers := map[string]string{}
	for _, f := range m.Functions {
		if f.Queue != "" {
			workers[f.Queue] = f.Name
		}
	}
	return workers
}

// Function returns the function of a name.
func (m *Manifest) Function(name string) (Function, bool) {
	for _, f := range m.Functions {
		if f.Name == name {
			return f, true
		}
	}
	return Function{}, false
}
