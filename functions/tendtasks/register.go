// Package tendtasks goes on with the tasks that were left: their worker died, or nothing was ever sent for them.
package tendtasks

import (
	"github.com/GoogleCloudPlatform/functions-framework-go/functions"

	"fieldboard.dev/fieldboard/shared/instance"
)

func init() { functions.HTTP("TendTasks", instance.HTTP(Build)) }
