// Package batches makes many changes at Jobber at once, from a selection or a file: as a draft first, which changes nothing.
package batches

import (
	"github.com/GoogleCloudPlatform/functions-framework-go/functions"

	"fieldboard.dev/fieldboard/shared/instance"
)

func init() { functions.HTTP("Batches", instance.HTTP(Build)) }
