/** <avatar-rtc> in JSX, for React 19 and later: `import type {} from 'avatar-rtc/react'`. */

import type { DetailedHTMLProps, HTMLAttributes } from 'react';
import type { AvatarRtcAttributes, AvatarRtcElement, AvatarRtcEventMap } from './avatar-rtc.js';

/** An event is listened to by `on` and its name. */
type Listeners = { [Type in keyof AvatarRtcEventMap as `on${Type}`]?: (event: AvatarRtcEventMap[Type]) => void };
type Plain = Omit<HTMLAttributes<AvatarRtcElement>, keyof AvatarRtcAttributes | Lowercase<keyof Listeners>>;

declare module 'react' {
  namespace JSX {
    interface IntrinsicElements {
      'avatar-rtc': DetailedHTMLProps<Plain, AvatarRtcElement> & AvatarRtcAttributes & Listeners;
    }
  }
}
