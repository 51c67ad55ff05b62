// Package live is the function that shows who is connected live, how that does, and ends connections.
package live

import (
	"github.com/GoogleCloudPlatform/functions-framework-go/functions"

	"fieldboard.dev/fieldboard/shared/instance"
)

func init() {
	functions.HTTP("Live", instance.HTTP(Build))
}
