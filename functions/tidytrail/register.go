// Package tidytrail keeps the audit log no longer than its accounts want, and goes on with tasks that were left.
package tidytrail

import (
	"github.com/GoogleCloudPlatform/functions-framework-go/functions"

	"fieldboard.dev/fieldboard/shared/instance"
)

func init() { functions.HTTP("TidyTrail", instance.HTTP(Build)) }
