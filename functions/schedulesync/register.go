// Package schedulesync starts the runs that are due. Cloud Scheduler calls it every five minutes.
package schedulesync

import (
	"github.com/GoogleCloudPlatform/functions-framework-go/functions"

	"fieldboard.dev/fieldboard/shared/instance"
)

func init() { functions.HTTP("ScheduleSync", instance.HTTP(Build)) }
