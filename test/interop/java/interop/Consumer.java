package interop;

import java.io.PrintStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import software.amazon.awssdk.auth.credentials.EnvironmentVariableCredentialsProvider;
import software.amazon.awssdk.awscore.client.builder.AwsAsyncClientBuilder;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.http.Protocol;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.cloudwatch.CloudWatchAsyncClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbAsyncClient;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.kinesis.common.ConfigsBuilder;
import software.amazon.kinesis.common.InitialPositionInStream;
import software.amazon.kinesis.common.InitialPositionInStreamExtended;
import software.amazon.kinesis.coordinator.CoordinatorConfig;
import software.amazon.kinesis.coordinator.Scheduler;
import software.amazon.kinesis.exceptions.InvalidStateException;
import software.amazon.kinesis.exceptions.ShutdownException;
import software.amazon.kinesis.leases.LeaseManagementConfig;
import software.amazon.kinesis.lifecycle.events.InitializationInput;
import software.amazon.kinesis.lifecycle.events.LeaseLostInput;
import software.amazon.kinesis.lifecycle.events.ProcessRecordsInput;
import software.amazon.kinesis.lifecycle.events.ShardEndedInput;
import software.amazon.kinesis.lifecycle.events.ShutdownRequestedInput;
import software.amazon.kinesis.metrics.NullMetricsFactory;
import software.amazon.kinesis.processor.RecordProcessorCheckpointer;
import software.amazon.kinesis.processor.ShardRecordProcessor;
import software.amazon.kinesis.processor.SingleStreamTracker;
import software.amazon.kinesis.retrieval.KinesisClientRecord;
import software.amazon.kinesis.retrieval.polling.PollingConfig;

/**
 * A minimal KCL application, the same source for 2.x and 3.x: prints each record as a JSON line and checkpoints after
 * each batch, as KCL's own sample does. Settings come from the worker's own environment variables. SIGTERM stops it
 * gracefully. Beside records it prints one line for each lease's beginning and end.
 */
public final class Consumer {
    private static final PrintStream OUT = new PrintStream(System.out, false, StandardCharsets.UTF_8);

    private static final int GRACE_SECONDS = 6;

    private Consumer() {}

    public static void main(String[] args) throws Exception {
        Scheduler scheduler = scheduler();
        Thread worker = new Thread(scheduler, "scheduler");
        Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(scheduler, worker)));
        worker.start();
        worker.join();
    }

    /**
     * As KCL's samples do: a while for a graceful end, then an end. The graceful one never comes while the worker holds
     * the lease of a shard that it has read to its end (seen with 2.7.2): nobody answers for that shard.
     */
    private static void stop(Scheduler scheduler, Thread worker) {
        boolean isGraceful = false;
        try {
            isGraceful = scheduler.startGracefulShutdown().get(GRACE_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException late) {
            scheduler.shutdown();
        } catch (Exception error) {
            error.printStackTrace();
        }
        try {
            worker.join(10_000);
        } catch (InterruptedException impatient) {
            Thread.currentThread().interrupt();
        }
        say("stopped", "", "\"isGraceful\":" + isGraceful);
    }

    private static Scheduler scheduler() {
        String stream = setting("STREAM");
        KinesisAsyncClient kinesis = client(KinesisAsyncClient.builder(), "AWS_ENDPOINT_URL_KINESIS");
        DynamoDbAsyncClient dynamoDb = client(DynamoDbAsyncClient.builder(), "AWS_ENDPOINT_URL_DYNAMODB");
        CloudWatchAsyncClient cloudWatch = client(CloudWatchAsyncClient.builder(), "AWS_ENDPOINT_URL_DYNAMODB");
        ConfigsBuilder configs = new ConfigsBuilder(
                new SingleStreamTracker(stream, InitialPositionInStreamExtended.newInitialPosition(
                        InitialPositionInStream.TRIM_HORIZON)),
                setting("APPLICATION"), kinesis, dynamoDb, cloudWatch, setting("WORKER_ID"), Processor::new);
        PollingConfig polling = new PollingConfig(stream, kinesis)
                .maxRecords(Integer.parseInt(setting("RECORDS_PER_READ_MAX")))
                .idleTimeBetweenReadsInMillis(Long.parseLong(setting("IDLE_BETWEEN_READS_MS")));
        CoordinatorConfig coordinator = configs.coordinatorConfig()
                .parentShardPollIntervalMillis(500L)
                .shardConsumerDispatchPollIntervalMillis(250L);
        return new Scheduler(
                configs.checkpointConfig(), coordinator, leases(configs.leaseManagementConfig()),
                configs.lifecycleConfig(), configs.metricsConfig().metricsFactory(new NullMetricsFactory()),
                configs.processorConfig(), configs.retrievalConfig().retrievalSpecificConfig(polling));
    }

    private static LeaseManagementConfig leases(LeaseManagementConfig leases) {
        leases.failoverTimeMillis(Long.parseLong(setting("FAILOVER_TIME_MS")))
                .shardSyncIntervalMillis(Long.parseLong(setting("SHARD_SYNC_EVERY_MS")))
                .leasesRecoveryAuditorExecutionFrequencyMillis(Long.parseLong(setting("SHARD_SYNC_EVERY_MS")));
        // KCL 3 only: a dead leader's lock would hold the next one up for two minutes.
        callIfThere(leases, "dynamoDbLockBasedLeaderLeaseDurationInMillis", 6_000L);
        callIfThere(leases, "dynamoDbLockBasedLeaderHeartbeatPeriodInMillis", 2_000L);
        return leases;
    }

    private static void callIfThere(Object target, String method, long value) {
        try {
            target.getClass().getMethod(method, long.class).invoke(target, value);
        } catch (NoSuchMethodException isKcl2) {
            return;
        } catch (ReflectiveOperationException error) {
            throw new IllegalStateException(error);
        }
    }

    /** HTTP/1.1: engines speak no HTTP/2 on a plain port. */
    private static <B extends AwsClientBuilder<B, C> & AwsAsyncClientBuilder<B, C>, C> C client(B builder, String url) {
        return builder.endpointOverride(URI.create(System.getenv(url)))
                .region(Region.of(System.getenv("AWS_REGION")))
                .credentialsProvider(EnvironmentVariableCredentialsProvider.create())
                .httpClientBuilder(NettyNioAsyncHttpClient.builder().protocol(Protocol.HTTP1_1).maxConcurrency(100)
                        .connectionTimeout(Duration.ofSeconds(5)))
                .build();
    }

    private static String setting(String name) {
        String value = System.getenv("SUPERSIM_" + name);
        if (value == null) throw new IllegalArgumentException("SUPERSIM_" + name + " is not set");
        return value;
    }

    private static synchronized void say(String kind, String shardId, String more) {
        OUT.println("{\"kind\":\"" + kind + "\",\"shardId\":\"" + shardId + "\"" + (more.isEmpty() ? "" : "," + more)
                + "}");
        OUT.flush();
    }

    private static String quoted(String text) {
        StringBuilder json = new StringBuilder("\"");
        for (char c : text.toCharArray())
            if (c == '"' || c == '\\') json.append('\\').append(c);
            else if (c < ' ') json.append(String.format("\\u%04x", (int) c));
            else json.append(c);
        return json.append('"').toString();
    }

    private static final class Processor implements ShardRecordProcessor {
        private String shardId;

        @Override
        public void initialize(InitializationInput input) {
            shardId = input.shardId();
            say("taken", shardId, "\"checkpoint\":\"" + input.extendedSequenceNumber().sequenceNumber() + "\"");
        }

        @Override
        public void processRecords(ProcessRecordsInput input) {
            for (KinesisClientRecord record : input.records())
                say("record", shardId, "\"sequenceNumber\":\"" + record.sequenceNumber() + "\",\"subSequenceNumber\":"
                        + record.subSequenceNumber() + ",\"data\":"
                        + quoted(StandardCharsets.UTF_8.decode(record.data()).toString()));
            if (!input.records().isEmpty()) checkpoint(input.checkpointer());
        }

        @Override
        public void leaseLost(LeaseLostInput input) {
            say("lost", shardId, "");
        }

        @Override
        public void shardEnded(ShardEndedInput input) {
            checkpoint(input.checkpointer());
            say("ended", shardId, "");
        }

        @Override
        public void shutdownRequested(ShutdownRequestedInput input) {
            checkpoint(input.checkpointer());
            say("requested", shardId, "");
        }

        private void checkpoint(RecordProcessorCheckpointer checkpointer) {
            try {
                checkpointer.checkpoint();
            } catch (ShutdownException lost) {
                say("refused", shardId, "");
            } catch (InvalidStateException error) {
                throw new IllegalStateException(error);
            }
        }
    }
}
