import { Skeleton } from '@mantine/core'
import classes from './rows.module.css'

/** Holds the place of a list's rows. */
export function Waiting({ rows = 4, what }: { rows?: number; what: string }) {
  return (
    <output>
      <span className="sr-only">Loading {what}</span>
      <div className={classes.waiting} aria-hidden>
        {Array.from({ length: rows }, (_, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the rows are alike and never move
          <div key={i}>
            <Skeleton height={32} width={32} radius="xl" />
            <Skeleton height={14} width={`${44 - ((i * 7) % 16)}%`} />
          </div>
        ))}
      </div>
    </output>
  )
}
