import { type Frame, fail, type Run } from './frame.js';
import { ERROR, propertyOf } from './value.js';

export function readAuth(frame: Frame): object | null {
  frame.usedAuth = true;
  return typeof frame.auth === 'object' ? frame.auth : null;
}

/** `auth.name`. */
export function compileClaim(name: string): Run {
  return (frame) => {
    frame.usedAuth = true;
    return propertyOf(frame.auth, name);
  };
}

/** `object.name` where the object is `auth` or below it. */
export function compileMember(object: Run, name: string): Run {
  return (frame) => {
    const value = object(frame);
    return value === ERROR ? ERROR : propertyOf(value, name);
  };
}

/** `object[key]` where the object is `auth` or below it. */
export function compileIndex(object: Run, index: Run): Run {
  return (frame) => {
    const value = object(frame);
    if (value === ERROR) return ERROR;
    const key = index(frame);
    if (typeof key === 'string') return propertyOf(value, key);
    if (typeof key === 'number') return propertyOf(value, String(key));
    return key === ERROR ? ERROR : fail(frame, 'a subscript must be a string or a number');
  };
}
