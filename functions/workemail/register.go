// Package workemail sends letters, one for each task.
package workemail

import (
	"github.com/GoogleCloudPlatform/functions-framework-go/functions"

	"fieldboard.dev/fieldboard/shared/instance"
)

func init() { functions.HTTP("WorkEmail", instance.HTTP(Build)) }
