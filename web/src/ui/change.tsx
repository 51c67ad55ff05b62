import { IconArrowDownRight, IconArrowUpRight, IconMinus } from '@tabler/icons-react'
import { percent } from '../format/number'
import classes from './change.module.css'

/** A relative change against the period before; null when there was nothing before. */
export function Change({ ratio }: { ratio: number | null }) {
  if (ratio === null) return null
  const flat = Math.abs(ratio) < 0.0005
  const Icon = flat ? IconMinus : ratio > 0 ? IconArrowUpRight : IconArrowDownRight
  const word = flat ? 'unchanged' : ratio > 0 ? 'up' : 'down'
  return (
    <span className={classes.change} data-way={word}>
      <Icon size={14} stroke={2} aria-hidden />
      <span className="sr-only">{word} </span>
      <span className="tnum">{percent(Math.abs(ratio))}</span>
    </span>
  )
}
