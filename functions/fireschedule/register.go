// Package fireschedule starts what a member's schedule asks for, when Cloud Scheduler calls for it.
package fireschedule

import (
	"github.com/GoogleCloudPlatform/functions-framework-go/functions"

	"fieldboard.dev/fieldboard/shared/instance"
)

func init() { functions.HTTP("FireSchedule", instance.HTTP(Build)) }
