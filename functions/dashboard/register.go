// Package dashboard answers what the dashboard shows at a glance: the summary of a period, the activity feed and the
// state of the copy.
package dashboard

import (
	"github.com/GoogleCloudPlatform/functions-framework-go/functions"

	"fieldboard.dev/fieldboard/shared/instance"
)

func init() { functions.HTTP("Dashboard", instance.HTTP(Build)) }
