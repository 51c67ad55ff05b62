import type { Icon } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import classes from './empty.module.css'

interface Props {
  icon: Icon
  title: string
  children?: ReactNode
  action?: ReactNode
}

export function Empty({ icon: Picture, title, children, action }: Props) {
  return (
    <div className={classes.empty}>
      <Picture size={24} stroke={1.5} aria-hidden />
      <p className={classes.title}>{title}</p>
      {children && <p className={classes.text}>{children}</p>}
      {action && <div className={classes.action}>{action}</div>}
    </div>
  )
}
