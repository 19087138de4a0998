import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

import org.opensearch.common.settings.Settings;
import org.opensearch.index.reindex.ReindexPlugin;
import org.opensearch.node.InternalSettingsPreparer;
import org.opensearch.transport.Netty4Plugin;

/** One OpenSearch node in this process: its settings are the arguments, each as name=value. */
public class Node extends org.opensearch.node.Node {
    Node(Settings settings, Path home) {
        super(
            InternalSettingsPreparer.prepareEnvironment(settings, Map.of(), home.resolve("config"), () -> "node"),
            List.of(Netty4Plugin.class, ReindexPlugin.class),
            false
        );
    }

    public static void main(String[] arguments) throws Exception {
        Settings.Builder settings = Settings.builder();
        for (String argument : arguments) {
            int equals = argument.indexOf('=');
            settings.put(argument.substring(0, equals), argument.substring(equals + 1));
        }
        Settings built = settings.build();
        Path home = Path.of(built.get("path.home"));
        Files.createDirectories(home.resolve("config"));
        new Node(built, home).start();
        System.out.println("started");
        // It ends with whoever started it: then the other end of the pipe closes, however that came about.
        while (System.in.read() >= 0) {
        }
        Runtime.getRuntime().halt(0);
    }
}
