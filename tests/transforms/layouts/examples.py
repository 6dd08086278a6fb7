"""Read TFRecord files with Beam and protobuf, independently of the code under test."""

import io
from functools import cache
from typing import Any

from apache_beam.io.tfrecordio import _TFRecordUtil
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory


@cache
def example_type() -> Any:
    """Return tf.train.Example as TensorFlow declares it in example.proto and feature.proto."""
    file = descriptor_pb2.FileDescriptorProto(name="example.proto", package="tensorflow", syntax="proto3")
    field = descriptor_pb2.FieldDescriptorProto

    def declare(scope: Any, name: str, *fields: tuple[str, int, int, int, str]) -> Any:
        message = scope.add(name=name)
        for values in fields:
            options = dict(zip(("name", "number", "label", "type", "type_name"), values, strict=True))
            message.field.add(**{key: value for key, value in options.items() if value})
        return message

    single, many, nested = field.LABEL_OPTIONAL, field.LABEL_REPEATED, field.TYPE_MESSAGE
    declare(file.message_type, "BytesList", ("value", 1, many, field.TYPE_BYTES, ""))
    declare(file.message_type, "FloatList", ("value", 1, many, field.TYPE_FLOAT, ""))
    declare(file.message_type, "Int64List", ("value", 1, many, field.TYPE_INT64, ""))
    lists = (("bytes_list", "BytesList"), ("float_list", "FloatList"), ("int64_list", "Int64List"))
    kinds = [(name, number, single, nested, f".tensorflow.{kind}") for number, (name, kind) in enumerate(lists, 1)]
    feature = declare(file.message_type, "Feature", *kinds)
    feature.oneof_decl.add(name="kind")
    for kind in feature.field:
        kind.oneof_index = 0
    features = declare(file.message_type, "Features", ("feature", 1, many, nested, ".tensorflow.Features.FeatureEntry"))
    value = ("value", 2, single, nested, ".tensorflow.Feature")
    declare(
        features.nested_type, "FeatureEntry", ("key", 1, single, field.TYPE_STRING, ""), value
    ).options.map_entry = True
    declare(file.message_type, "Example", ("features", 1, single, nested, ".tensorflow.Features"))
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("tensorflow.Example"))


def examples(data: bytes) -> list[dict[str, list[Any]]]:
    """Return the Examples of a TFRecord file."""
    file, parsed = io.BytesIO(data), []
    while (record := _TFRecordUtil.read_record(file)) is not None:
        example = example_type().FromString(record)
        named = example.features.feature.items()
        parsed.append({key: list(getattr(feature, feature.WhichOneof("kind")).value) for key, feature in named})
    return parsed
