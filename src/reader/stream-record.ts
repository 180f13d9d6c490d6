/** A record of DynamoDB Streams, as Lambda hands it over or as the Streams API gives it. */
import { type Item, plainItem } from './item-reader.ts';
import { ReaderError } from './reader-error.ts';

type Image = Readonly<Record<string, object>>;

/** What is read of a record: `DynamoDBRecord` of `@types/aws-lambda` and `_Record` of the SDK's Streams client fit. */
export interface StreamRecord {
  readonly eventID?: string | undefined;
  readonly eventName?: string | undefined;
  readonly dynamodb?:
    | { readonly OldImage?: Image | undefined; readonly NewImage?: Image | undefined }
    | undefined;
}

/** The item before and after; undefined where there was none. */
export interface Images {
  readonly before?: Item;
  readonly after?: Item;
}

/** @throws ReaderError `image-missing` when the stream doesn't carry both images. */
export function imagesOf({ eventName, dynamodb }: StreamRecord): Images {
  const { OldImage: before, NewImage: after } = dynamodb ?? {};
  const isWhole =
    (eventName === 'INSERT' && after) ||
    (eventName === 'MODIFY' && before && after) ||
    (eventName === 'REMOVE' && before);
  if (!isWhole)
    throw new ReaderError(
      'image-missing',
      'the record lacks an image: set the table’s stream to NEW_AND_OLD_IMAGES',
    );
  return {
    ...(before && eventName !== 'INSERT' ? { before: plainItem(before) } : {}),
    ...(after && eventName !== 'REMOVE' ? { after: plainItem(after) } : {}),
  };
}
