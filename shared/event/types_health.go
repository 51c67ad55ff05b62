package event

// The data of each type.
type (
	healthDegradedData  AboutCopy
	healthRecoveredData AboutCopy
)

var healthTypes = []Type{
	of[healthDegradedData]("health.degraded", "What is shown falls behind what Jobber has", Operations),
	of[healthRecoveredData]("health.recovered", "What is shown is up to date again", Operations),
}
