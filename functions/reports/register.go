// Package reports lets people ask for reports, see how they stand, and get their files.
package reports

import (
	"github.com/GoogleCloudPlatform/functions-framework-go/functions"

	"fieldboard.dev/fieldboard/shared/instance"
)

func init() { functions.HTTP("Reports", instance.HTTP(Build)) }
