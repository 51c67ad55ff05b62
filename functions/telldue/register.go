// Package telldue is the function that tells what the clock alone brought: visits that began or are late, jobs that are late,
// invoices that are overdue.
package telldue

import (
	"github.com/GoogleCloudPlatform/functions-framework-go/functions"

	"fieldboard.dev/fieldboard/shared/instance"
)

func init() {
	functions.HTTP("TellDue", instance.HTTP(Build))
}
