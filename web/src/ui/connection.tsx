import { Tooltip } from '@mantine/core'
import { useConnection } from '../live/provider'
import type { ConnectionState } from '../realtime'
import classes from './connection.module.css'
import { Dot, type Tone } from './status'

const shown: Record<ConnectionState, { label: string; tone: Tone; pulse: boolean; hint: string }> = {
  connecting: { label: 'Connecting', tone: 'amber', pulse: true, hint: 'Opening the live connection.' },
  live: { label: 'Live', tone: 'green', pulse: false, hint: 'Changes in Jobber show here as they happen.' },
  reconnecting: {
    label: 'Reconnecting',
    tone: 'amber',
    pulse: true,
    hint: 'The live connection was lost. What changed meanwhile shows as soon as it is back.',
  },
  ended: {
    label: 'Not live',
    tone: 'red',
    pulse: false,
    hint: 'An administrator ended your live connection. Figures may be out of date.',
  },
  offline: {
    label: 'Offline',
    tone: 'red',
    pulse: false,
    hint: 'No live connection. Figures may be out of date.',
  },
}

export function ConnectionIndicator() {
  const state = useConnection()
  const { label, tone, pulse, hint } = shown[state]
  return (
    <Tooltip label={hint} multiline maw={240}>
      <output className={classes.indicator} data-testid="connection-indicator" data-state={state}>
        <Dot tone={tone} pulse={pulse} />
        {label}
      </output>
    </Tooltip>
  )
}
