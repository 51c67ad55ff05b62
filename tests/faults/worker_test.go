package faults_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/sethvargo/go-envconfig"

	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/instance"
	"fieldboard.dev/fieldboard/shared/task"
)

const (
	workerMode = "FAULTS_WORKER"
	taskQueue  = "faults"
	childSteps = 3
)

// numberedTask is the payload of the tests' tasks: a parent has Children, a child a Number.
type numberedTask struct {
	Number   int `json:"number"`
	Children int `json:"children"`
}

// The kinds of the tests' tasks. A worker that dies counts as a failed attempt, and here they die all the time.
var (
	parentTask = task.Kind[numberedTask]{Name: "faults.parent", Queue: taskQueue, Attempts: 200, RunningPerAccount: 20}
	childTask  = task.Kind[numberedTask]{Name: "faults.child", Queue: taskQueue, Attempts: 200, RunningPerAccount: 20}
)

// workAll works on tasks until it is killed. Each effect is a counter in Firestore of its own, which is one more each time.
func workAll(ctx context.Context) error {
	in, err := instance.New(ctx, envconfig.OsLookuper(), clock.System, slog.New(slog.NewTextHandler(os.Stderr, nil)))
	if err != nil {
		return err
	}
	client, err := in.Cloud.Firestore(ctx)
	if err != nil {
		return err
	}
	engine, err := task.NewEngine(ctx, in)
	if err != nil {
		return err
	}
	worker := task.NewWorker(engine, taskQueue)
	if err := task.Handle(worker, parentTask, func(ctx context.Context, r *task.Run, p numberedTask) error {
		if r.Continued {
			var did bool // by a worker that died before it could say that it was at the end
			if _, err := r.Restore(&did); err != nil || did {
				return err
			}
			return r.Checkpoint(ctx, true, counted(client, fmt.Sprintf("parent-%d", p.Number)))
		}
		children := make([]task.Task, p.Children)
		for i := range children {
			children[i] = childTask.New(r.Account, numberedTask{Number: p.Number*1000 + i})
		}
		return r.Spawn(ctx, children...)
	}); err != nil {
		return err
	}
	if err := task.Handle(worker, childTask, func(ctx context.Context, r *task.Run, p numberedTask) error {
		var step int
		if _, err := r.Restore(&step); err != nil {
			return err
		}
		for ; step < childSteps; step++ {
			if err := r.Checkpoint(ctx, step+1, counted(client, fmt.Sprintf("child-%d-%d", p.Number, step))); err != nil {
				return err
			}
			r.Progress(int64(step+1), childSteps, "")
		}
		return nil
	}); err != nil {
		return err
	}
	server := &http.Server{Addr: "127.0.0.1:" + os.Getenv("PORT"), ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var token task.Token
		retries, err := strconv.Atoi(r.Header.Get("X-CloudTasks-TaskRetryCount"))
		if err == nil {
			err = json.NewDecoder(r.Body).Decode(&token)
		}
		if err == nil {
			err = worker.Work(r.Context(), token, retries > 0)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		}
	})}
	return server.ListenAndServe()
}

func counted(client *firestore.Client, name string) func(context.Context, *firestore.Transaction) error {
	return func(_ context.Context, tx *firestore.Transaction) error {
		return tx.Set(client.Collection("effects").Doc(name), map[string]any{"times": firestore.Increment(1)}, firestore.MergeAll)
	}
}
