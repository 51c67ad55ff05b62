import type { ReactNode } from 'react'
import classes from './live-number.module.css'
import { useLastChange, useTween } from './motion'

interface Props {
  value: number
  format: (value: number) => string
  /** Writes a change with its sign; without it the change is not told beside the number. */
  formatChange?: (by: number) => string
  testId?: string
  /** Follows the number on its line. */
  children?: ReactNode
}

/** A number that counts to its new value, glows once, and tells for a moment by how much it moved. */
export function LiveNumber({ value, format, formatChange, testId, children }: Props) {
  const shown = useTween(value)
  const { by, times } = useLastChange(value)
  return (
    <span className={classes.root}>
      <span key={times} className={times > 0 ? `${classes.value} fb-flash` : classes.value}>
        <span data-testid={testId} data-value={value} className="tnum">
          {format(shown)}
        </span>
      </span>
      {children}
      {times > 0 && formatChange && by !== 0 && (
        <span key={`by-${times}`} aria-hidden className={classes.change} data-down={by < 0 || undefined}>
          {formatChange(by)}
        </span>
      )}
    </span>
  )
}
