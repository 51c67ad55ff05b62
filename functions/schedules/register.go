// Package schedules is the function that keeps what members want done by the calendar.
package schedules

import (
	"github.com/GoogleCloudPlatform/functions-framework-go/functions"

	"fieldboard.dev/fieldboard/shared/instance"
)

func init() { functions.HTTP("Schedules", instance.HTTP(Build)) }
