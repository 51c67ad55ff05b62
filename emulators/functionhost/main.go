// Command functionhost runs one function on one machine, as the program that the buildpack generates does in the cloud. All
// functions are in it; FUNCTION_TARGET names the one to serve, by its entry point.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/GoogleCloudPlatform/functions-framework-go/funcframework"
	"github.com/sethvargo/go-envconfig"

	_ "fieldboard.dev/fieldboard/functions/apikeys"
	_ "fieldboard.dev/fieldboard/functions/audit"
	_ "fieldboard.dev/fieldboard/functions/batches"
	_ "fieldboard.dev/fieldboard/functions/dashboard"
	_ "fieldboard.dev/fieldboard/functions/fireschedule"
	_ "fieldboard.dev/fieldboard/functions/jobberconnect"
	_ "fieldboard.dev/fieldboard/functions/jobberwebhook"
	_ "fieldboard.dev/fieldboard/functions/live"
	_ "fieldboard.dev/fieldboard/functions/members"
	_ "fieldboard.dev/fieldboard/functions/onwebhook"
	_ "fieldboard.dev/fieldboard/functions/records"
	_ "fieldboard.dev/fieldboard/functions/relay"
	_ "fieldboard.dev/fieldboard/functions/reports"
	_ "fieldboard.dev/fieldboard/functions/runsync"
	_ "fieldboard.dev/fieldboard/functions/schedules"
	_ "fieldboard.dev/fieldboard/functions/schedulesync"
	_ "fieldboard.dev/fieldboard/functions/sealevents"
	_ "fieldboard.dev/fieldboard/functions/session"
	_ "fieldboard.dev/fieldboard/functions/tasks"
	_ "fieldboard.dev/fieldboard/functions/telldue"
	_ "fieldboard.dev/fieldboard/functions/tendschedules"
	_ "fieldboard.dev/fieldboard/functions/tendtasks"
	_ "fieldboard.dev/fieldboard/functions/tidytrail"
	_ "fieldboard.dev/fieldboard/functions/workbatches"
	_ "fieldboard.dev/fieldboard/functions/workemail"
	_ "fieldboard.dev/fieldboard/functions/workreports"
	_ "fieldboard.dev/fieldboard/functions/worktrail"
)

type settings struct {
	Target string `env:"FUNCTION_TARGET, required"` // read by the framework itself
	Port   string `env:"PORT, required"`
}

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "functionhost:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	var cfg settings
	if err := envconfig.Process(ctx, &cfg); err != nil {
		return err
	}
	return funcframework.StartHostPort("127.0.0.1", cfg.Port)
}
