// Package jobberconnect is the function that connects an account to Jobber and disconnects it.
package jobberconnect

import (
	"github.com/GoogleCloudPlatform/functions-framework-go/functions"

	"fieldboard.dev/fieldboard/shared/instance"
)

func init() {
	functions.HTTP("JobberConnect", instance.HTTP(Build))
}
