// Package workbatches makes batches' changes at Jobber, as tasks that Cloud Tasks delivers.
package workbatches

import (
	"github.com/GoogleCloudPlatform/functions-framework-go/functions"

	"fieldboard.dev/fieldboard/shared/instance"
)

func init() { functions.HTTP("WorkBatches", instance.HTTP(Build)) }
