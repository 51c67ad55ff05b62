// Package tendschedules keeps the jobs of schedules what they should be, and starts what was not started in time.
package tendschedules

import (
	"github.com/GoogleCloudPlatform/functions-framework-go/functions"

	"fieldboard.dev/fieldboard/shared/instance"
)

func init() { functions.HTTP("TendSchedules", instance.HTTP(Build)) }
