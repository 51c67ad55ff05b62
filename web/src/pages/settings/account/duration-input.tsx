import { NativeSelect, NumberInput } from '@mantine/core'
import { useState } from 'react'
import classes from './account.module.css'

const units = { 1: 'minute', 60: 'hour', 1440: 'day' }

interface Props {
  label: string
  description: string
  /** NaN while nothing is written. */
  minutes: number
  onChange: (minutes: number) => void
  error: string | undefined
}

/** A span of time, written in the unit that suits it. */
export function DurationInput({ label, description, minutes, onChange, error }: Props) {
  const [unit, setUnit] = useState(() => unitOf(minutes))
  const amount = minutes / unit
  return (
    <NumberInput
      label={label}
      description={description}
      error={error}
      value={Number.isNaN(amount) ? '' : Number(amount.toFixed(2))}
      onChange={value => onChange(value === '' ? Number.NaN : Math.round(Number(value) * unit))}
      decimalScale={2}
      allowNegative={false}
      hideControls
      inputContainer={input => (
        <div className={classes.pair}>
          {input}
          <NativeSelect
            aria-label={`Unit of ${label.toLowerCase()}`}
            data={Object.entries(units).map(([value, name]) => ({
              value,
              label: amount === 1 ? name : `${name}s`,
            }))}
            value={String(unit)}
            onChange={event => {
              const next = Number(event.currentTarget.value)
              setUnit(next)
              onChange(Math.round(amount * next))
            }}
          />
        </div>
      )}
    />
  )
}

function unitOf(minutes: number): number {
  return minutes % 1440 === 0 ? 1440 : minutes % 60 === 0 ? 60 : 1
}
