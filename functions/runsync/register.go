// Package runsync works on the copies of Jobber's data, one step of a run for each task that Cloud Tasks delivers.
package runsync

import (
	"github.com/GoogleCloudPlatform/functions-framework-go/functions"

	"fieldboard.dev/fieldboard/shared/instance"
)

func init() { functions.HTTP("RunSync", instance.HTTP(Build)) }
