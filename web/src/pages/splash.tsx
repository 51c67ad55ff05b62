import { Loader } from '@mantine/core'
import { Mark } from '../ui/brand'
import classes from './splash.module.css'

export function Splash() {
  return (
    <output className={classes.splash}>
      <Mark size={40} />
      <Loader size="xs" type="dots" aria-hidden />
      <span className="sr-only">Opening Fieldboard</span>
    </output>
  )
}
