"""A service that knows OpenTelemetry and not MLflow: its SDK's own exporter,
set up by the SDK's own environment variables (endpoint, headers, compression).
It prints the id of the trace that it sent."""

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult


class Checked(OTLPSpanExporter):
    """Says aloud what the SDK would only log."""

    def export(self, spans):
        result = super().export(spans)
        assert result is SpanExportResult.SUCCESS, f"the spans were not taken: {result}"
        sent.extend(spans)
        return result


sent = []
provider = TracerProvider(resource=Resource.create({"service.name": "shop", "service.version": "1.2"}))
provider.add_span_processor(BatchSpanProcessor(Checked()))
tracer = provider.get_tracer("shop")

with tracer.start_as_current_span("checkout", attributes={"customer.tier": "gold", "items": [1, 2, 3]}) as root:
    with tracer.start_as_current_span("pay", links=[trace.Link(root.get_span_context(), {"why": "test"})]) as child:
        child.add_event("card accepted", {"attempt": 1})
        child.set_status(trace.StatusCode.OK)
provider.shutdown()
assert [s.name for s in sent] == ["pay", "checkout"], sent
print(f"tr-{root.get_span_context().trace_id:032x}")
